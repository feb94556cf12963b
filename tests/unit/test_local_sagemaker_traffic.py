"""Steps of an update on the laptop, and alarms that are worked out from the calls."""

from typing import Any

import pytest

from local.sagemaker.alarms import AlarmRaised, breaches, look
from local.sagemaker.errors import SageMakerError
from local.sagemaker.invocations import Invocations
from local.sagemaker.traffic import Step, steps_of

WHERE = {"EndpointName": "e", "VariantName": "AllTraffic", "EndpointConfigName": "new"}


def policy(kind: str, bake: int = 9, **size: Any) -> dict[str, Any]:
    routing = {"Type": kind, "WaitIntervalInSeconds": 60, **size}
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": routing,
            "TerminationWaitInSeconds": bake,
        }
    }


def of(value: int, kind: str = "CAPACITY_PERCENT") -> dict[str, Any]:
    return {"Type": kind, "Value": value}


@pytest.mark.parametrize(
    ("deployment", "steps"),
    [
        ({}, [Step(1.0, 0)]),
        (policy("ALL_AT_ONCE"), [Step(1.0, 9)]),
        (policy("CANARY", CanarySize=of(10)), [Step(0.1, 60), Step(1.0, 9)]),
        (policy("CANARY", CanarySize=of(1, "INSTANCE_COUNT")), [Step(0.25, 60), Step(1.0, 9)]),
        (
            policy("LINEAR", LinearStepSize=of(40)),
            [Step(0.4, 60), Step(0.8, 60), Step(1.0, 9)],
        ),
        (policy("LINEAR", LinearStepSize=of(50)), [Step(0.5, 60), Step(1.0, 9)]),
    ],
)
def test_steps(deployment: dict[str, Any], steps: list[Step]) -> None:
    assert steps_of(deployment, 4) == steps


@pytest.mark.parametrize(
    "deployment",
    [
        policy("CANARY", CanarySize=of(51)),
        policy("CANARY", CanarySize=of(3, "INSTANCE_COUNT")),
        policy("CANARY"),
        policy("LINEAR", LinearStepSize=of(9)),
        policy("LINEAR", CanarySize=of(10)),
    ],
)
def test_sizes_that_aws_refuses(deployment: dict[str, Any]) -> None:
    with pytest.raises(SageMakerError):
        steps_of(deployment, 4)


def alarm(metric: str, **more: Any) -> dict[str, Any]:
    return {
        "AlarmName": "a",
        "StateValue": "OK",
        "MetricName": metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in WHERE.items()],
        "Period": 60,
        "EvaluationPeriods": 1,
        "Statistic": "Sum",
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        **more,
    }


def asked(monkeypatch: pytest.MonkeyPatch, *calls: tuple[float, int, float, str]) -> Invocations:
    made = Invocations()
    for at, status, seconds, config in calls:
        monkeypatch.setattr("time.time", lambda at=at: at)
        made.add("e", "AllTraffic", seconds, status, config)
    return made


def test_errors_count_of_the_new_configuration_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    errors = alarm("Invocation5XXErrors")
    old = asked(monkeypatch, (100, 500, 0.1, "old"), (100, 200, 0.1, "new"))
    assert breaches(errors, old, 110) is False
    new = asked(monkeypatch, (100, 503, 0.1, "new"))
    assert breaches(errors, new, 110) is True
    assert breaches(errors, new, 161) is False  # over a minute ago


def test_slow_is_what_the_percentile_says(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = alarm("ModelLatency", ExtendedStatistic="p95", Threshold=200_000)
    del slow["Statistic"]
    fast = [(100.0, 200, 0.1, "new")] * 99
    assert breaches(slow, asked(monkeypatch, *fast, (100, 200, 9, "new")), 110) is False
    assert breaches(slow, asked(monkeypatch, *fast[:9], *[(100, 200, 9, "new")] * 3), 110) is True


def test_no_calls_are_what_the_alarm_says_of_missing_data() -> None:
    assert breaches(alarm("Invocation5XXErrors"), Invocations(), 0) is False
    told = alarm("Invocation5XXErrors", TreatMissingData="breaching")
    assert breaches(told, Invocations(), 0) is True


class CloudWatch:
    def __init__(self, *alarms: dict[str, Any]) -> None:
        self.alarms = {each["AlarmName"]: each for each in alarms}

    def describe_alarms(self, AlarmNames: list[str]) -> dict[str, Any]:  # noqa: N803
        return {"MetricAlarms": [self.alarms[name] for name in AlarmNames]}

    def set_alarm_state(self, **told: str) -> None:
        self.alarms[told["AlarmName"]]["StateValue"] = told["StateValue"]


def test_an_alarm_that_rang_of_an_earlier_update_is_brought_up_to_date() -> None:
    cloudwatch = CloudWatch(alarm("Invocation5XXErrors", StateValue="ALARM"))
    look(["a"], cloudwatch, Invocations())
    assert cloudwatch.alarms["a"]["StateValue"] == "OK"


def test_any_other_alarm_is_what_cloudwatch_says() -> None:
    with pytest.raises(AlarmRaised, match="alarm a is"):
        look(["a"], CloudWatch(alarm("CPUUtilization", StateValue="ALARM")), Invocations())
