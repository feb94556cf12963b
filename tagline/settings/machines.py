"""Whether the machines that settings ask for can do what they are asked for."""

from tagline.formats.endpoint_settings import EndpointSettings
from tagline.formats.instances import accelerated, has_gpu
from tagline.formats.settings import Settings, Training
from tagline.settings.errors import InvalidSettings
from tagline.settings.rollout import check_rollout

_OF_INSTANCES = (
    "instance_type",
    "instance_count",
    "min_instances",
    "max_instances",
    "invocations_per_instance",
    "rollout",
    "rollout_step",
    "rollout_wait",
    "bake",
    "max_latency",
    "shadow",
    "shadow_requests",
    "shadow_minutes",
    "shadow_agreement",
)
_OF_SERVERLESS = ("memory", "max_concurrency")


def check_machines(settings: Settings) -> None:
    """Raise InvalidSettings for machines that would be paid for in vain, or that AWS refuses."""
    endpoint = settings.endpoint
    _check_training(settings.training)
    if endpoint.instance_type is not None and accelerated(endpoint.instance_type):
        raise _in_vain("endpoint", endpoint.instance_type)
    _check_mode(endpoint)
    _check_scaling(endpoint)
    check_rollout(endpoint)
    _check_shadow(endpoint)


def _check_training(training: Training) -> None:
    kind, count = training.instance_type, training.instance_count
    if training.algorithm == "builtin":  # which has machines of its own: tagline.settings.builtin
        return
    if kind is not None and accelerated(kind):
        if not has_gpu(kind):
            raise _in_vain("training", kind)
        if training.engine == "mxnet":
            raise InvalidSettings(
                f"training.engine: mxnet trains on no GPU, and {kind} has one, which would be paid "
                "for in vain: leave the engine to auto, or name torch or a CPU type",
                "training.engine",
            )
    if count > 1 and training.engine == "mxnet":
        raise InvalidSettings(
            f"training.instance_count: mxnet trains on one machine, and {count} are asked for: "
            "leave training.engine to auto, or name torch",
            "training.instance_count",
        )


def _in_vain(section: str, instance_type: str) -> InvalidSettings:
    return InvalidSettings(
        f"{section}.instance_type: {instance_type} has an accelerator, and Tagline's images have "
        "no engine for it there, so it would be paid for in vain: name a CPU type such as "
        "ml.c5.4xlarge",
        f"{section}.instance_type",
    )


def _check_mode(endpoint: EndpointSettings) -> None:
    serverless = endpoint.mode == "serverless"
    other = "instances" if serverless else "serverless"
    for name in _OF_INSTANCES if serverless else _OF_SERVERLESS:
        if getattr(endpoint, name) is not None:
            raise InvalidSettings(
                f"endpoint.{name} belongs to endpoint.mode: {other}, and the mode is "
                f"{endpoint.mode}"
                + (
                    ": a serverless endpoint has no fleet to update by canary" if serverless else ""
                ),
                f"endpoint.{name}",
            )


def _check_scaling(endpoint: EndpointSettings) -> None:
    low, high = endpoint.min_instances, endpoint.max_instances
    if high is None:
        for name in ("min_instances", "invocations_per_instance"):
            if getattr(endpoint, name) is not None:
                raise InvalidSettings(
                    f"endpoint.{name} needs endpoint.max_instances, which turns scaling on",
                    f"endpoint.{name}",
                )
        return
    if low is not None and low > high:
        raise InvalidSettings(
            f"endpoint.min_instances {low} is more than endpoint.max_instances {high}",
            "endpoint.min_instances",
        )
    if endpoint.instance_count is not None:
        raise InvalidSettings(
            "endpoint.instance_count does not go with endpoint.max_instances: an endpoint that "
            "scales begins with endpoint.min_instances",
            "endpoint.instance_count",
        )


def _check_shadow(endpoint: EndpointSettings) -> None:
    if endpoint.shadow is not None:
        return
    for name in ("shadow_requests", "shadow_minutes", "shadow_agreement"):
        if getattr(endpoint, name) is not None:
            raise InvalidSettings(
                f"endpoint.{name} needs endpoint.shadow, the share of requests that a challenger "
                "answers unseen",
                f"endpoint.{name}",
            )
