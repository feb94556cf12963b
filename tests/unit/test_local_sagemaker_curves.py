"""Metrics of training jobs on their way to CloudWatch."""

import time
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.clients import Clients
from local.sagemaker.curves import Curves
from local.sagemaker.transforms import batches


class Told:
    """CloudWatch, and how to reach it."""

    def __init__(self) -> None:
        self.data: list[dict[str, Any]] = []

    def of(self, service: str) -> "Told":
        assert service == "cloudwatch"
        return self

    def put_metric_data(self, **request: Any) -> None:
        assert request["Namespace"] == "/aws/sagemaker/TrainingJobs"
        self.data += request["MetricData"]


@pytest.fixture
def told() -> Told:
    return Told()


def at(monkeypatch: pytest.MonkeyPatch, now: float) -> None:
    monkeypatch.setattr(time, "time", lambda: now)


def test_a_minute_is_one_statistic_set_once_it_is_over(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    curves = Curves(cast("Clients", told))
    at(monkeypatch, 130)
    curves.add("job", [("loss", 2.0), ("mAP", 0.5)])
    curves.add("job", [("loss", 1.0)])
    curves.tell()
    assert told.data == []
    at(monkeypatch, 185)
    curves.add("job", [("loss", 0.5)])
    curves.tell()
    assert [(each["MetricName"], each["Timestamp"]) for each in told.data] == [
        ("loss", 179),
        ("mAP", 179),
    ]
    assert told.data[0]["StatisticValues"] == {
        "SampleCount": 2,
        "Sum": 3.0,
        "Minimum": 1.0,
        "Maximum": 2.0,
    }


def test_a_job_that_ends_tells_all_and_no_other_does(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    curves = Curves(cast("Clients", told))
    at(monkeypatch, 130)
    curves.add("job", [("loss", 2.0)])
    curves.add("other", [("loss", 3.0)])
    curves.tell("job")
    curves.tell("job")
    assert [each["Dimensions"][0]["Value"] for each in told.data] == ["job"]
    assert told.data[0]["Timestamp"] == 130  # within the job's time


@given(st.binary(max_size=60), st.integers(1, 20), st.booleans())
def test_batches_of_lines_hold_every_byte_in_order(
    content: bytes, most: int, several: bool
) -> None:
    found = list(batches(content, most, several=several))
    assert b"".join(found) == content
    lines = content.splitlines(keepends=True)
    assert all(len(batch) <= most or batch in lines for batch in found)
    if not several:
        assert found == lines
