"""How steps are said to grow, against NumPy's fit; and the table that the scale bench prints."""

import numpy as np
import pytest
from growth import growth, growth_table
from hypothesis import given
from hypothesis import strategies as st

SIZES = [5000, 10_000, 20_000, 40_000, 155_000]


@given(st.lists(st.floats(0.01, 1e6), min_size=5, max_size=5))
def test_the_power_and_its_error_are_those_of_least_squares(values: list[float]) -> None:
    found = growth(SIZES, values)
    assert found is not None
    coefficients, covariance = np.polyfit(np.log(SIZES), np.log(values), 1, cov=True)
    assert found.power == pytest.approx(coefficients[0], abs=1e-6)
    assert found.error == pytest.approx(np.sqrt(covariance[0, 0]), abs=1e-6)


@given(st.floats(-1, 3), st.floats(0.1, 100))
def test_an_exact_power_is_found_without_error(power: float, factor: float) -> None:
    found = growth(SIZES, [factor * size**power for size in SIZES])
    assert found is not None
    assert (found.power, found.error) == pytest.approx((power, 0), abs=1e-6)


@pytest.mark.parametrize("values", [[1.0, 2.0], [1.0, 2.0, 0.0]])
def test_too_few_sizes_or_nothing_measured_have_no_power(values: list[float]) -> None:
    assert growth(SIZES[: len(values)], values) is None


def test_the_table_has_each_step_by_its_states_and_processes() -> None:
    def result(rows: int) -> dict[str, object]:
        seconds = {"PlanDataset": rows / 1000, "JoinParts": 2.0}
        process = {"number": 1, "cpu": 3.0 * rows, "peak_kb": 1024.0}
        return {"rows": rows, "seconds": seconds, "processes": {"im2rec join": process}}

    table = growth_table([result(rows) for rows in (1000, 2000, 4000)])
    assert "| plan | time, s | 1.0 | 2.0 | 4.0 | n^1.00 ± 0.00 |" in table
    assert "| JoinParts | time, s | 2.0 | 2.0 | 2.0 | n^0.00 ± 0.00 |" in table
    assert "| JoinParts | CPU, s | 3,000.0 | 6,000.0 | 12,000.0 | n^1.00 ± 0.00 |" in table
    assert "PackParts" not in table
