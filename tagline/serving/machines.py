"""What an endpoint runs on: a fleet that stays or scales, or no machine of its own."""

from dataclasses import dataclass

from tagline.formats.settings import EndpointSettings
from tagline.formats.steps import Fleet, Scaling, Serverless
from tagline.jobs.limits import Limits, asked_by

VARIANT = "AllTraffic"
_MEMORY, _CONCURRENCY = 2048, 5  # of a serverless endpoint
_INVOCATIONS = 600  # a minute, of an instance that scales


@dataclass(frozen=True)
class Machines:
    """What an endpoint is given: a fleet or nothing but memory, and how the fleet scales."""

    kind: Fleet | Serverless
    scaling: Scaling | None = None


def choose(endpoint: str, wanted: EndpointSettings, default: Fleet, limits: Limits) -> Machines:
    """Return what an endpoint, by its name, is given; raises TooExpensive.

    `default` is the stack's, for what the settings leave open.
    """
    if wanted.mode == "serverless":
        return Machines(
            Serverless(
                memory_size_in_mb=wanted.memory or _MEMORY,
                max_concurrency=wanted.max_concurrency or _CONCURRENCY,
            )
        )
    kind = wanted.instance_type or default.instance_type
    limits.check_type(
        kind, asked_by("endpoint.instance_type", wanted.instance_type, "EndpointInstanceType")
    )
    scaling = scaling_of(endpoint, wanted)
    if scaling is not None:
        limits.check_instances(scaling.max_instances, "endpoint.max_instances")
        return Machines(Fleet(instance_type=kind, instance_count=scaling.min_instances), scaling)
    count = wanted.instance_count or default.instance_count
    limits.check_instances(
        count, asked_by("endpoint.instance_count", wanted.instance_count, "EndpointInstanceCount")
    )
    return Machines(Fleet(instance_type=kind, instance_count=count))


def scaling_of(endpoint: str, wanted: EndpointSettings) -> Scaling | None:
    """Return how an endpoint, by its name, scales; None where its instances stay."""
    if wanted.max_instances is None:
        return None
    return Scaling(
        resource=f"endpoint/{endpoint}/variant/{VARIANT}",
        min_instances=wanted.min_instances or 1,
        max_instances=wanted.max_instances,
        invocations_per_instance=wanted.invocations_per_instance or _INVOCATIONS,
    )
