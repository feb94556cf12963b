"""How long traffic may take to move to a new champion."""

import math

from tagline.formats.endpoint_settings import ROLLOUT_STEP, ROLLOUT_WAIT, EndpointSettings
from tagline.settings.errors import InvalidSettings

LONGEST = 3600  # seconds; the flow awaits an endpoint for two hours, and fleets take time to come


def check_rollout(endpoint: EndpointSettings) -> None:
    """Raise InvalidSettings for what has no meaning, or would outlast the flow's patience."""
    if endpoint.rollout not in {"canary", "linear"}:
        for name in ("rollout_step", "rollout_wait"):
            if getattr(endpoint, name) is not None:
                raise InvalidSettings(
                    f"endpoint.{name} needs endpoint.rollout: canary or linear", f"endpoint.{name}"
                )
        return
    wait = ROLLOUT_WAIT if endpoint.rollout_wait is None else endpoint.rollout_wait
    steps = (
        math.ceil(1 / (endpoint.rollout_step or ROLLOUT_STEP))
        if endpoint.rollout == "linear"
        else 1
    )
    lasting = steps * wait + (endpoint.bake or 0)
    if lasting > LONGEST:
        raise InvalidSettings(
            f"endpoint.rollout: {endpoint.rollout} would take {lasting:,} seconds, of {LONGEST:,} "
            "that it may: lower endpoint.rollout_wait or endpoint.bake, or raise "
            "endpoint.rollout_step",
            "endpoint.rollout_wait",
        )
