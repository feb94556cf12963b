"""What an endpoint runs on: a fleet that stays or scales, or no machine of its own."""

from dataclasses import dataclass

from msgspec import UNSET
from msgspec.structs import replace

from tagline.aws.environment import Environment
from tagline.formats.endpoint_settings import EndpointSettings
from tagline.formats.sagemaker import ServerlessConfig, Variant
from tagline.formats.steps import Fleet, Scaling
from tagline.jobs.limits import Limits, asked_by

MEMORY, _CONCURRENCY = 2048, 5  # of a serverless endpoint; MB
_INVOCATIONS = 600  # a minute, of an instance that scales


@dataclass(frozen=True)
class Hosting:
    """How a stack serves: its image, and the fleet of datasets that ask for no other."""

    image: str
    fleet: Fleet

    def variant(self, wanted: EndpointSettings) -> Variant:
        """Return what a dataset's endpoint is given."""
        if wanted.mode == "serverless":
            return Variant(
                serverless_config=ServerlessConfig(
                    memory_size_in_mb=wanted.memory or MEMORY,
                    max_concurrency=wanted.max_concurrency or _CONCURRENCY,
                )
            )
        scales = wanted.max_instances is not None
        count = wanted.min_instances or 1 if scales else wanted.instance_count
        return Variant(
            instance_type=wanted.instance_type or self.fleet.instance_type,
            initial_instance_count=count or self.fleet.instance_count,
        )

    def check(self, wanted: EndpointSettings, limits: Limits) -> None:
        """Raise TooExpensive for more than the stack's owner allows."""
        if wanted.mode == "serverless":
            return
        kind, count = wanted.instance_type, wanted.instance_count
        limits.check_type(
            kind or self.fleet.instance_type,
            asked_by("endpoint.instance_type", kind, "EndpointInstanceType"),
        )
        if wanted.max_instances is not None:
            limits.check_instances(wanted.max_instances, "endpoint.max_instances")
            return
        limits.check_instances(
            count or self.fleet.instance_count,
            asked_by("endpoint.instance_count", count, "EndpointInstanceCount"),
        )


def hosting(here: Environment) -> Hosting:
    """Return what the environment of a function says."""
    fleet = Fleet(
        instance_type=here.endpoint_instance_type, instance_count=here.endpoint_instance_count
    )
    return Hosting(here.server_image, fleet)


def is_serverless(variant: Variant) -> bool:
    """Return whether a variant has no machine of its own."""
    return variant.serverless_config is not UNSET


def alone(variant: Variant) -> Variant:
    """Return a variant with one instance, whatever its fleet."""
    return variant if is_serverless(variant) else replace(variant, initial_instance_count=1)


def scaling_of(endpoint: str, wanted: EndpointSettings) -> Scaling | None:
    """Return how an endpoint, by its name, scales; None where its instances stay."""
    if wanted.max_instances is None:
        return None
    return Scaling(
        resource=f"endpoint/{endpoint}/variant/{Variant().variant_name}",
        min_instances=wanted.min_instances or 1,
        max_instances=wanted.max_instances,
        invocations_per_instance=wanted.invocations_per_instance or _INVOCATIONS,
    )
