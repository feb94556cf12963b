"""How a challenger goes live: names, container, fleet, and how traffic moves to it.

Guardrails: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html
"""

from typing import Literal

from tagline.formats.names import dataset_of_run, endpoint_name, job_name
from tagline.formats.sagemaker import (
    Alarm,
    AutoRollback,
    BlueGreenPolicy,
    CanarySize,
    Container,
    DeploymentConfig,
    TrafficRouting,
    Variant,
)
from tagline.formats.steps import DeploymentAnswer, Scaling, Trial
from tagline.serving.endpoints import BROKEN, Endpoint
from tagline.serving.machines import alone, is_serverless

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


def plan_deployment(
    *,
    stack: str,
    run: str,
    artifact: str,
    image: str,
    variant: Variant,
    scaling: Scaling | None,
    endpoint: str,
    found: Endpoint | None,
    trial: Trial,
    again: str = "",
) -> DeploymentAnswer:
    """Return what the deploying states need; `found` is the endpoint as it stands.

    An endpoint that is broken takes no update, nor does one that is to serve in the other mode, as
    there would be no way back from it: it is deleted and made anew. `again` tells the names of a
    run's model and configurations from those that it had before.
    """
    serverless, count = is_serverless(variant), variant.initial_instance_count
    canary = isinstance(count, int) and count >= _SMALLEST_CANARY_FLEET
    alarm = f"{endpoint_name(stack, dataset_of_run(run))}-5xx"
    return DeploymentAnswer(
        action=_action(found, serverless),
        canary=canary,
        endpoint=endpoint,
        alarm=alarm,
        model=job_name(stack, run, f"model{again}"),
        endpoint_config=job_name(stack, run, f"config{again}"),
        container=Container(image=image, model_data_url=artifact),
        network_isolation=not serverless,
        variant=variant,
        serverless=serverless,
        scaling=scaling,
        trial=trial,
        deployment_config=_canary(alarm) if canary else _ALL_AT_ONCE,
    )


def plan_trial(
    stack: str, run: str, endpoint: str, status: str | None, variant: Variant, *, again: str = ""
) -> Trial:
    """Return where a run's challenger is tried; `status` is what the endpoint has already.

    One that is there was left by a run that broke off, or belongs to one that is overtaken.
    """
    left_over = status not in {None, "Deleting"}  # CreateEndpoint is retried until it is gone
    return Trial(
        endpoint=endpoint,
        endpoint_config=job_name(stack, run, f"trial{again}"),
        variant=alone(variant),
        left_over=left_over,
    )


def _action(found: Endpoint | None, serverless: bool) -> Literal["create", "update", "replace"]:
    if found is None or found.status == "Deleting":  # CreateEndpoint is retried until it is gone
        return "create"
    return "replace" if found.status in BROKEN or found.serverless != serverless else "update"


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
