"""How a challenger goes live: names, container, fleet, and how traffic moves to it.

Guardrails: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html
"""

from dataclasses import dataclass
from typing import Any

from tagline.formats.names import dataset_of_run, endpoint_name, job_name

_SMALLEST_CANARY_FLEET = 2  # a canary takes at most half of the fleet: at least one of two
_UPDATABLE = {"InService", "Updating", "SystemUpdating", "RollingBack", "Creating"}


class UnusableEndpoint(RuntimeError):
    """The dataset's endpoint is in a state that takes no update."""


@dataclass(frozen=True)
class Fleet:
    """The machines behind an endpoint."""

    instance_type: str
    instance_count: int


def plan_deployment(
    *, run: str, stack: str, artifact: str, image: str, fleet: Fleet, status: str | None
) -> dict[str, Any]:
    """Return what the deploying states need; `status` is the endpoint's, None when there is none.

    Raises UnusableEndpoint when the endpoint must be repaired first.
    """
    endpoint = endpoint_name(stack, dataset_of_run(run))
    if status is not None and status not in _UPDATABLE:
        raise UnusableEndpoint(
            f"Endpoint {endpoint} is {status} and takes no update: upload the list again after "
            f"`aws sagemaker delete-endpoint --endpoint-name {endpoint}`"
        )
    canary = fleet.instance_count >= _SMALLEST_CANARY_FLEET
    alarm = f"{endpoint}-5xx"
    return {
        "action": "create" if status is None else "update",
        "canary": canary,
        "endpoint": endpoint,
        "alarm": alarm,
        "model": job_name(run, "model"),
        "endpoint_config": job_name(run, "config"),
        "container": {"Image": image, "ModelDataUrl": artifact, "Mode": "SingleModel"},
        "fleet": {
            "instance_type": fleet.instance_type,
            "instance_count": fleet.instance_count,
        },
        "deployment_config": _canary(alarm) if canary else _all_at_once(),
    }


def _all_at_once() -> dict[str, Any]:
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
            "TerminationWaitInSeconds": 0,
            "MaximumExecutionTimeoutInSeconds": 3600,
        }
    }


def _canary(alarm: str) -> dict[str, Any]:
    """One instance takes its share for five minutes; an alarm in them brings the old fleet back."""
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1},
                "WaitIntervalInSeconds": 300,
            },
            "TerminationWaitInSeconds": 120,
            "MaximumExecutionTimeoutInSeconds": 5400,
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]},
    }
