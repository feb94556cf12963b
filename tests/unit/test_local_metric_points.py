"""The calls of a minute are one point of a metric, however many there are."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from local.metric_points import add

MINUTE = 1_740_000_000.0
VALUES = st.floats(min_value=-1e6, max_value=1e6)


@given(st.lists(st.tuples(st.integers(0, 3), VALUES), min_size=1).map(sorted))
def test_sums_extremes_and_counts_of_each_minute_are_kept(calls: list[tuple[int, float]]) -> None:
    points: list[dict[str, Any]] = []
    for place, (minute, value) in enumerate(calls):
        add(points, value, "Count", {"FunctionName": "f"}, MINUTE + 60 * minute + place % 60)
    assert [point["Timestamp"] for point in points] == [
        MINUTE + 60 * minute for minute in sorted({minute for minute, _ in calls})
    ]
    for point in points:
        values = [value for minute, value in calls if MINUTE + 60 * minute == point["Timestamp"]]
        held = point["_stat"]
        assert held["SampleCount"] == len(values)
        assert (held["Minimum"], held["Maximum"]) == (min(values), max(values))
        assert abs(held["Sum"] - sum(values)) < 1e-6 * len(values)


def test_a_point_of_before_stays_as_it_is() -> None:
    before = {"Timestamp": MINUTE, "Unit": "Count", "Value": 1.0, "Dimensions": {}}
    points = [dict(before)]
    add(points, 2, "Count", {}, MINUTE)
    add(points, 2, "Milliseconds", {}, MINUTE)
    assert points[0] == before
    assert len(points) == 3
