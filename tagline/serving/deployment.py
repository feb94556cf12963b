"""How a challenger goes live: names, container, fleet, and how traffic moves to it.

Guardrails: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html
"""

from dataclasses import dataclass
from typing import Literal

from tagline.aws.environment import Environment
from tagline.formats.names import job_name
from tagline.formats.sagemaker import (
    Alarm,
    AutoRollback,
    BlueGreenPolicy,
    CanarySize,
    Container,
    DeploymentConfig,
    TrafficRouting,
)
from tagline.formats.settings import EndpointSettings
from tagline.formats.steps import DeploymentAnswer, Fleet, Trial
from tagline.serving.endpoints import BROKEN

_SMALLEST_CANARY_FLEET = 2  # a canary takes at most half of the fleet: at least one of two
_ALL_AT_ONCE = DeploymentConfig(
    blue_green_update_policy=BlueGreenPolicy(
        traffic_routing_configuration=TrafficRouting(
            type="ALL_AT_ONCE", wait_interval_in_seconds=0
        ),
        termination_wait_in_seconds=0,
        maximum_execution_timeout_in_seconds=3600,
    )
)


@dataclass(frozen=True)
class Hosting:
    """How a stack serves: its image, and the fleet of datasets that ask for no other."""

    image: str
    fleet: Fleet

    def fleet_for(self, wanted: EndpointSettings) -> Fleet:
        """Return a dataset's fleet."""
        return Fleet(
            instance_type=wanted.instance_type or self.fleet.instance_type,
            instance_count=wanted.instance_count or self.fleet.instance_count,
        )


def hosting(here: Environment) -> Hosting:
    """Return what the environment of a function says."""
    fleet = Fleet(
        instance_type=here.endpoint_instance_type, instance_count=here.endpoint_instance_count
    )
    return Hosting(here.server_image, fleet)


def plan_deployment(
    *,
    run: str,
    artifact: str,
    image: str,
    fleet: Fleet,
    endpoint: str,
    status: str | None,
    trial: Trial,
) -> DeploymentAnswer:
    """Return what the deploying states need; `status` is the endpoint's, None when there is none.

    An endpoint that is broken takes no update: it is deleted and made anew.
    """
    canary = fleet.instance_count >= _SMALLEST_CANARY_FLEET
    alarm = f"{endpoint}-5xx"
    return DeploymentAnswer(
        action=_action(status),
        canary=canary,
        endpoint=endpoint,
        alarm=alarm,
        model=job_name(run, "model"),
        endpoint_config=job_name(run, "config"),
        container=Container(image=image, model_data_url=artifact),
        fleet=fleet,
        trial=trial,
        deployment_config=_canary(alarm) if canary else _ALL_AT_ONCE,
    )


def plan_trial(run: str, endpoint: str, status: str | None) -> Trial:
    """Return where a run's challenger is tried; `status` is what the endpoint has already.

    One that is there was left by a run that broke off, or belongs to one that is overtaken.
    """
    left_over = status not in {None, "Deleting"}  # CreateEndpoint is retried until it is gone
    return Trial(endpoint=endpoint, endpoint_config=job_name(run, "trial"), left_over=left_over)


def _action(status: str | None) -> Literal["create", "update", "replace"]:
    if status is None or status == "Deleting":  # CreateEndpoint is retried until it is gone
        return "create"
    return "replace" if status in BROKEN else "update"


def _canary(alarm: str) -> DeploymentConfig:
    """One instance takes its share for five minutes; an alarm in them brings the old fleet back."""
    return DeploymentConfig(
        blue_green_update_policy=BlueGreenPolicy(
            traffic_routing_configuration=TrafficRouting(
                type="CANARY", canary_size=CanarySize(value=1), wait_interval_in_seconds=300
            ),
            termination_wait_in_seconds=120,
            maximum_execution_timeout_in_seconds=5400,
        ),
        auto_rollback_configuration=AutoRollback(alarms=(Alarm(alarm_name=alarm),)),
    )
