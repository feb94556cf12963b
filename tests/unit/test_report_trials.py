"""The trials' plot and table: each trial is in both, nothing leaves the drawing."""

import re
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from tagline.formats.trials import Trial, Trials
from trainer.report.trials import trials_section


def trial(number: int, objective: float | None, **hyperparameters: str) -> Trial:
    status = "Failed" if objective is None else "Completed"
    return Trial(
        job=f"t-000-{number:03d}",
        hyperparameters=hyperparameters,
        objective=objective,
        status=status,
        seconds=None if objective is None else 12.0 * number,
        failure="AlgorithmError: <b>lr</b>" if objective is None else None,
    )


def page(*trials: Trial, best: str = "t-000-001") -> ET.Element:
    found = Trials(tuning_job="t-000", metric="validation:mAP", best=best, trials=trials)
    return ET.fromstring(f"<page>{trials_section(found)}</page>")


def lines(root: ET.Element) -> list[ET.Element]:
    return root.findall(".//polyline")


def test_a_run_without_a_search_says_nothing() -> None:
    assert trials_section(None) == ""


def test_each_trial_is_a_line_and_a_row_and_the_chosen_one_comes_first() -> None:
    root = page(
        trial(1, 0.4, learning_rate="0.01", optimizer="adam"),
        trial(2, 0.6, learning_rate="0.0001", optimizer="sgd"),
        trial(3, None, learning_rate="0.5", optimizer="sgd"),
        best="t-000-002",
    )
    rows = [[cell.text for cell in row] for row in root.findall(".//tbody/tr")]
    assert [row[0] for row in rows] == ["002", "001", "003"]
    assert rows[0][1:] == ["0.6000", "0.0001", "sgd", "24", "Completed"]
    assert rows[2][-1] == "Failed: AlgorithmError: <b>lr</b>"
    kinds = [line.get("class") for line in lines(root)]
    assert kinds == ["lost", "", "chosen"]  # the last is drawn over the others
    assert root.find(".//svg").get("aria-label")  # type: ignore[union-attr]


def test_ratios_count_where_values_differ_much() -> None:
    rates = enumerate(("1e-4", "1e-3", "1e-2"), 1)
    root = page(*(trial(n, 0.1 * n, learning_rate=rate) for n, rate in rates))
    first = [line.get("points", "").split(" ")[0] for line in lines(root)]
    heights = sorted(float(point.split(",")[1]) for point in first)
    assert abs((heights[0] + heights[2]) / 2 - heights[1]) < 0.2


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(0, 1)),
            st.one_of(st.text(max_size=5), st.floats().map(repr), st.integers(-9, 9).map(str)),
            st.booleans(),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_whatever_was_tried_lies_within_the_drawing(
    tried: list[tuple[float | None, str, bool]],
) -> None:
    legal = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]")  # what XML itself has not
    trials = [
        trial(n, objective, **({"x": legal.sub("", value)} if has else {}), y=str(n))
        for n, (objective, value, has) in enumerate(tried, 1)
    ]
    root = page(*trials)
    assert len(lines(root)) == len(tried)
    for line in lines(root):
        for point in line.get("points", "").split(" "):
            across, down = map(float, point.split(","))
            assert 0 <= across <= 960
            assert 0 <= down <= 300


def test_a_large_search_names_the_best_hundred() -> None:
    root = page(*(trial(n, 1 / n, x=str(n)) for n in range(1, 131)))
    assert len(root.findall(".//tbody/tr")) == 100
    assert len(lines(root)) == 130
    assert any("and 30 that were worse" in (note.text or "") for note in root.findall(".//p"))
