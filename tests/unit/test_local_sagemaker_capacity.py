"""For how long a job may run, what of it is billed, and when its capacity is lost."""

import time
from typing import Any

import pytest

from local.sagemaker.capacity import Capacity, billable, check
from local.sagemaker.container import Exit
from local.sagemaker.errors import SageMakerError


def job(run: int = 100, wait: int | None = 150, *, spot: bool = True) -> dict[str, Any]:
    condition = {"MaxRuntimeInSeconds": run, **({"MaxWaitTimeInSeconds": wait} if wait else {})}
    return {"EnableManagedSpotTraining": spot, "StoppingCondition": condition}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [50.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_all_its_starts_share_what_a_job_may_run(clock: list[float]) -> None:
    held = Capacity(job())
    assert held.left == 100
    clock[0] += 70
    held.ran += 70
    assert held.left == 30
    clock[0] += 30
    held.ran += 30
    assert (held.left, held.exceeded) == (0, "MaxRuntimeExceeded")


def test_waiting_ends_too(clock: list[float]) -> None:
    held = Capacity(job())
    held.ran = 20
    clock[0] += 149
    assert held.left == 1
    clock[0] += 2
    assert (held.left, held.exceeded) == (0, "MaxWaitTimeExceeded")


@pytest.mark.parametrize(
    ("end", "spot", "lost"),
    [
        (Exit(143, "exited"), True, True),
        (Exit(137, "exited"), True, True),
        (Exit(137, "exited"), False, False),
        (Exit(143, "stopped"), True, False),
        (Exit(137, "overdue"), True, False),
        (Exit(1, "exited"), True, False),
        (Exit(0, "exited"), True, False),
    ],
)
def test_only_a_signal_from_outside_takes_spot_capacity_away(
    end: Exit, spot: bool, lost: bool
) -> None:
    assert Capacity(job(spot=spot)).lost(end) is lost


def test_on_spot_capacity_less_is_billed_than_was_used() -> None:
    assert billable({**job(), "_Ran": 90.0}, 100) == 27
    assert billable({**job(), "_Ran": 130.0}, 100) == 30
    assert billable(job(), 100) == 0  # it never got any
    assert billable({**job(wait=None, spot=False), "_Ran": 90.0}, 100) == 100


@pytest.mark.parametrize("request_", [job(), job(100, 100), job(wait=None, spot=False)])
def test_waiting_goes_with_spot_capacity(request_: dict[str, Any]) -> None:
    check(request_)


@pytest.mark.parametrize(
    "request_",
    [
        job(100, 99),
        job(wait=None),
        job(spot=False),
        {"EnableManagedSpotTraining": True, "StoppingCondition": {"MaxWaitTimeInSeconds": 86_399}},
    ],
)
def test_a_wrong_waiting_time_is_refused(request_: dict[str, Any]) -> None:
    with pytest.raises(SageMakerError, match="MaxWaitTimeInSeconds"):
        check(request_)
