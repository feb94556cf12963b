"""What a stack made outside its template: endpoints, configurations, models, alarms, devices.

Names do not tell whose a thing is where one stack's name begins with another's. A model's artifact
does: it lies in the stack's own bucket.
"""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import ClientError

from tagline.aws.faults import error_code
from tagline.cli.errors import Refused
from tagline.cli.target import Target, is_laptop
from tagline.cli.things import groups_of, remove_group, remove_thing, things_of
from tagline.formats.names import DATASET, endpoint_name

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import DescribeEndpointOutputTypeDef

Kind = Literal[
    "endpoint",
    "endpoint configuration",
    "model",
    "alarm",
    "device",
    "device group",
    "objects",
    "stack",
    "bucket",
]
_ENDPOINT_SECONDS = 1800  # an endpoint that is being updated is deleted when that is over
_FORMER = "tagline-"  # how names began before they told the stack
_PARALLEL = 4  # DescribeModel and its like share a small rate
_GONE = {"ValidationException", "ResourceNotFound"}


@dataclass(frozen=True)
class Belonging:
    """One thing of a stack."""

    kind: Kind
    name: str
    note: str = ""


def belongings(target: Target, artifacts: tuple[str, ...] = ()) -> list[Belonging]:
    """Return what belongs to a stack, in the order in which it can be deleted.

    Given `artifacts`, only what serves models below one of these S3 URIs.
    """
    models = _models(target, artifacts or (f"s3://{target.outputs.bucket}/",))
    configs = _configs(target, models)
    endpoints = _endpoints(target, configs)
    served = {found.name for found in endpoints}
    if not artifacts:  # whose endpoint may be gone
        served |= {
            endpoint_name(target.stack, dataset)
            for dataset in target.bucket.folders("")
            if DATASET.fullmatch(dataset)
        }
    return [
        *endpoints,
        *(Belonging("endpoint configuration", name) for name in sorted(configs)),
        *(Belonging("model", name) for name in sorted(models)),
        *(Belonging("alarm", name) for name in _alarms(target, served)),
        *([] if artifacts else _devices(target)),
    ]


def _devices(target: Target) -> list[Belonging]:
    """Return a stack's devices: its policy for them cannot go while they have it."""
    note = "with its certificate, which is revoked"
    return [
        *(Belonging("device", name, note) for name in sorted(things_of(target))),
        *(Belonging("device group", name) for name in sorted(groups_of(target))),
    ]


def delete_belonging(target: Target, found: Belonging) -> None:
    """Delete one; returns when an endpoint is gone. Raises Refused when that takes too long."""
    sagemaker, name = target.sagemaker, found.name
    if found.kind == "endpoint":
        _stop_scaling(target, name)
        sagemaker.delete_endpoint(EndpointName=name)
        _until_gone(target, name)
    elif found.kind == "endpoint configuration":
        sagemaker.delete_endpoint_config(EndpointConfigName=name)
    elif found.kind == "model":
        sagemaker.delete_model(ModelName=name)
    elif found.kind == "device":
        remove_thing(target, name)
    elif found.kind == "device group":
        remove_group(target, name)
    else:
        target.cloudwatch.delete_alarms(AlarmNames=[name])


def _stop_scaling(target: Target, endpoint: str) -> None:
    """Deregister what scales an endpoint: it and its alarms would outlive the endpoint."""
    client = target.client("application-autoscaling")
    resource = f"endpoint/{endpoint}/variant/AllTraffic"
    found = client.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[resource])
    for scaling in found["ScalableTargets"]:
        client.deregister_scalable_target(
            ServiceNamespace="sagemaker",
            ResourceId=scaling["ResourceId"],
            ScalableDimension=scaling["ScalableDimension"],
        )


def _until_gone(target: Target, endpoint: str) -> None:
    pause = 0.2 if is_laptop(target.endpoint) else 10
    deadline = time.monotonic() + _ENDPOINT_SECONDS
    while describe_endpoint(target, endpoint) is not None:
        if time.monotonic() > deadline:
            raise Refused(f"endpoint {endpoint} is still there after {_ENDPOINT_SECONDS} s")
        time.sleep(pause)


def _models(target: Target, artifacts: tuple[str, ...]) -> set[str]:
    """Return the models whose artifact lies below one of these URIs."""
    pages = target.sagemaker.get_paginator("list_models").paginate()
    names = _made_by(target, (found["ModelName"] for page in pages for found in page["Models"]))

    def artifact(name: str) -> str:
        found = target.sagemaker.describe_model(ModelName=name)
        return found.get("PrimaryContainer", {}).get("ModelDataUrl", "")

    with ThreadPoolExecutor(_PARALLEL) as pool:
        found = pool.map(artifact, names)
        return {name for name, uri in zip(names, found, strict=True) if uri.startswith(artifacts)}


def _made_by(target: Target, names: Iterable[str]) -> list[str]:
    """Return the names that a stack may have given: a first sieve, for each is looked at."""
    return [name for name in names if name.startswith((f"{target.stack}--", _FORMER))]


def _configs(target: Target, models: set[str]) -> set[str]:
    """Return the endpoint configurations that serve one of these models."""
    pages = target.sagemaker.get_paginator("list_endpoint_configs").paginate()
    names = _made_by(
        target,
        (found["EndpointConfigName"] for page in pages for found in page["EndpointConfigs"]),
    )

    def served(name: str) -> set[str]:
        found = target.sagemaker.describe_endpoint_config(EndpointConfigName=name)
        return {variant.get("ModelName", "") for variant in found["ProductionVariants"]}

    with ThreadPoolExecutor(_PARALLEL) as pool:
        found = pool.map(served, names)
        return {name for name, those in zip(names, found, strict=True) if those & models}


def _endpoints(target: Target, configs: set[str]) -> list[Belonging]:
    """Return the endpoints that have one of these configurations."""
    pages = target.sagemaker.get_paginator("list_endpoints").paginate()
    names = [found["EndpointName"] for page in pages for found in page["Endpoints"]]
    with ThreadPoolExecutor(_PARALLEL) as pool:
        found = list(pool.map(lambda name: describe_endpoint(target, name), names))
    return [
        Belonging("endpoint", endpoint["EndpointName"], endpoint["EndpointStatus"])
        for endpoint in found
        if endpoint and endpoint.get("EndpointConfigName") in configs
    ]


def describe_endpoint(target: Target, name: str) -> "DescribeEndpointOutputTypeDef | None":
    """Return an endpoint; None where it is gone."""
    try:
        return target.sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as exc:
        if error_code(exc) in _GONE:
            return None
        raise


def _alarms(target: Target, endpoints: Iterable[str]) -> list[str]:
    """Return the alarms that watch one of these endpoints."""
    watched = set(endpoints)
    pages = target.cloudwatch.get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm"])
    return sorted(
        alarm["AlarmName"]
        for page in pages
        for alarm in page["MetricAlarms"]
        if alarm.get("Namespace") == "AWS/SageMaker"
        and any(
            dimension["Name"] == "EndpointName" and dimension["Value"] in watched
            for dimension in alarm.get("Dimensions", ())
        )
    )
