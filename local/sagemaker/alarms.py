"""The alarms that an update names, looked at as calls come in: CloudWatch would take minutes.

Only alarms on an endpoint's own metrics are worked out here, by their dimensions; any other is what
CloudWatch says it is.
https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local.sagemaker.invocations import Call, Invocations

_VALUES: Mapping[str, Callable[[Call], float]] = {
    "Invocations": lambda _: 1.0,
    "Invocation4XXErrors": lambda call: float(400 <= call.status < 500),  # noqa: PLR2004
    "Invocation5XXErrors": lambda call: float(call.status >= 500),  # noqa: PLR2004
    "ModelLatency": lambda call: call.microseconds,
}
_STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Average": lambda values: sum(values) / len(values),
    "Minimum": min,
    "Maximum": max,
    "SampleCount": lambda values: float(len(values)),
}
_CROSSES: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": lambda value, bound: value > bound,
    "GreaterThanOrEqualToThreshold": lambda value, bound: value >= bound,
    "LessThanThreshold": lambda value, bound: value < bound,
    "LessThanOrEqualToThreshold": lambda value, bound: value <= bound,
}


class AlarmRaised(Exception):
    """An alarm that the deployment names is in the state ALARM."""


def look(names: Sequence[str], cloudwatch: Any, invocations: Invocations) -> None:
    """Bring alarms up to date with the calls so far; raise AlarmRaised for one that rings."""
    for alarm in cloudwatch.describe_alarms(AlarmNames=list(names))["MetricAlarms"]:
        name, state = alarm["AlarmName"], alarm["StateValue"]
        rings = breaches(alarm, invocations, time.time())
        if rings is not None:
            found = "ALARM" if rings else "OK"
            if found != state:
                said = "worked out from the endpoint's calls"
                cloudwatch.set_alarm_state(AlarmName=name, StateValue=found, StateReason=said)
            state = found
        if state == "ALARM":
            raise AlarmRaised(f"alarm {name} is in the state ALARM")


def breaches(alarm: Mapping[str, Any], invocations: Invocations, now: float) -> bool | None:
    """Tell whether an alarm rings by the calls so far; None for one that is not an endpoint's."""
    where = {each["Name"]: each["Value"] for each in alarm.get("Dimensions", ())}
    value_of = _VALUES.get(alarm.get("MetricName", ""))
    if value_of is None or "EndpointName" not in where:
        return None
    period = alarm["Period"]
    for number in range(alarm["EvaluationPeriods"]):
        end = now - number * period
        calls = invocations.between(where, end - period, end)
        if not _crosses(alarm, [value_of(call) for call in calls]):
            return False
    return True


def _crosses(alarm: Mapping[str, Any], values: Sequence[float]) -> bool:
    if not values:
        return alarm.get("TreatMissingData") == "breaching"
    extended = alarm.get("ExtendedStatistic")
    if extended:
        rank = float(extended[1:]) / 100 * (len(values) - 1)
        value = sorted(values)[round(rank)]
    else:
        value = _STATISTICS[alarm["Statistic"]](values)
    return _CROSSES[alarm["ComparisonOperator"]](value, alarm["Threshold"])
