"""Tasks on the laptop cloud's SageMaker: how long one looks at an endpoint."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from local import step_sagemaker
from local.step_sagemaker import SageMakerTasks

DESCRIBE = "arn:aws:states:::aws-sdk:sagemaker:describeEndpoint"
ACCESS: Any = SimpleNamespace(require=lambda *_: None, require_wait=lambda _: None)


def looking(statuses: Iterator[str]) -> Any:
    """Return what the task is answered, while DescribeEndpoint gives one status after the other."""
    tasks = SageMakerTasks(lambda *_: {"EndpointStatus": next(statuses)}, ACCESS)
    return tasks.sdk(DESCRIBE, {"EndpointName": "e"})["EndpointStatus"]


@pytest.mark.parametrize("before", ["Creating", "Updating", "SystemUpdating", "RollingBack"])
def test_a_look_lasts_until_a_change_is_over(before: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_sagemaker, "_POLL", 0)
    assert looking(iter([before, before, "InService"])) == "InService"


@pytest.mark.parametrize("status", ["InService", "Failed", "Deleting"])
def test_what_does_not_change_is_told_at_once(status: str) -> None:
    assert looking(iter([status])) == status


def test_a_long_change_is_told_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_sagemaker, "_PATIENCE", -1)
    assert looking(iter(["Creating"])) == "Creating"
