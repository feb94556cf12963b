"""How traffic moves to a new champion, and which alarms bring the one before back.

Guardrails: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html
A canary takes at most half of a fleet and a linear step 10 to 50 %, so a single instance moves all
at once; alarms watch it for as long as the old one stays. Metrics of an update carry the
configuration's name, by which the alarms tell the new fleet's answers from the old one's.
"""

import math

from tagline.formats.endpoint_settings import ROLLOUT_STEP, ROLLOUT_WAIT, EndpointSettings
from tagline.formats.sagemaker import (
    Alarm,
    AutoRollback,
    BlueGreenPolicy,
    DeploymentConfig,
    FleetSize,
    TrafficRouting,
    Variant,
)
from tagline.formats.steps import Guards

LATENCY = 5000  # milliseconds, p95
_TO_COME_UP = 3600  # seconds, beside the waits


def guards(endpoint: str, wanted: EndpointSettings) -> Guards:
    """Return the alarms on a new configuration of an endpoint, by their names and bounds."""
    return Guards(
        errors=f"{endpoint}-new-5xx",
        latency=f"{endpoint}-new-slow",
        latency_microseconds=1000 * (wanted.max_latency or LATENCY),
    )


def deployment_config(
    wanted: EndpointSettings, variant: Variant, watched: Guards, bake: int
) -> DeploymentConfig:
    """Return how an endpoint is updated; `bake` is the stack's, in seconds."""
    count = variant.initial_instance_count
    fleet = count if isinstance(count, int) else 1
    bake = bake if wanted.bake is None else wanted.bake
    routing = _routing(wanted, fleet)
    size = routing.linear_step_size
    steps = math.ceil(fleet / size.value) if size else 1
    lasting = steps * routing.wait_interval_in_seconds + bake
    return DeploymentConfig(
        blue_green_update_policy=BlueGreenPolicy(
            traffic_routing_configuration=routing,
            termination_wait_in_seconds=bake,
            maximum_execution_timeout_in_seconds=lasting + _TO_COME_UP,
        ),
        auto_rollback_configuration=AutoRollback(
            alarms=(Alarm(alarm_name=watched.errors), Alarm(alarm_name=watched.latency))
        ),
    )


def _routing(wanted: EndpointSettings, fleet: int) -> TrafficRouting:
    rollout = wanted.rollout or "canary"
    if rollout == "all_at_once" or fleet == 1:
        return TrafficRouting(type="ALL_AT_ONCE", wait_interval_in_seconds=0)
    share = wanted.rollout_step or ROLLOUT_STEP
    size = FleetSize(value=min(max(1, math.ceil(fleet * share)), fleet // 2))
    wait = ROLLOUT_WAIT if wanted.rollout_wait is None else wanted.rollout_wait
    if rollout == "linear":
        return TrafficRouting(type="LINEAR", linear_step_size=size, wait_interval_in_seconds=wait)
    if wanted.rollout is None:
        size = FleetSize(value=1)
    return TrafficRouting(type="CANARY", canary_size=size, wait_interval_in_seconds=wait)
