"""The laptop's endpoints tell CloudWatch how often they were asked, a minute at a time."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from local.sagemaker.invocations import Invocations

MINUTE = 29_000_000  # since 1970


@pytest.fixture
def cloudwatch() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("cloudwatch", region_name="us-east-1")


def total(cloudwatch: Any, metric: str, endpoint: str) -> float:
    at = datetime.fromtimestamp(MINUTE * 60, UTC)
    found = cloudwatch.get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=metric,
        Dimensions=[
            {"Name": "EndpointName", "Value": endpoint},
            {"Name": "VariantName", "Value": "AllTraffic"},
        ],
        StartTime=at - timedelta(hours=1),
        EndTime=at + timedelta(hours=1),
        Period=86400,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in found["Datapoints"]))


def test_a_minute_is_told_once_when_it_is_over(
    cloudwatch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [MINUTE * 60.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    counts = Invocations()
    for seconds in (0.25, 0.5):
        counts.add("one", "AllTraffic", seconds)
    counts.add("two", "AllTraffic", 1)
    counts.tell(cloudwatch)
    assert total(cloudwatch, "Invocations", "one") == 0
    now[0] += 60
    for _ in range(2):
        counts.tell(cloudwatch)
    assert total(cloudwatch, "Invocations", "one") == 2
    assert total(cloudwatch, "ModelLatency", "one") == 750_000
    assert total(cloudwatch, "Invocations", "two") == 1


def test_metrics_that_cannot_be_told_stop_nothing(
    cloudwatch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: MINUTE * 60.0)
    counts = Invocations()
    counts.add("one", "AllTraffic", 1)
    monkeypatch.setattr(time, "time", lambda: MINUTE * 60.0 + 60)
    with Stubber(cloudwatch) as stubber:
        stubber.add_client_error("put_metric_data", "InternalFailure")
        counts.tell(cloudwatch)
        counts.tell(cloudwatch)
