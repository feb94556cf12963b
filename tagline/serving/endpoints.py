"""The endpoint of a dataset as it stands."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from tagline.aws.faults import error_code
from tagline.aws.s3 import Bucket
from tagline.formats.document import Record
from tagline.formats.keys import RunKeys
from tagline.formats.names import is_shadow, run_of_job
from tagline.formats.outcomes import Champion
from tagline.formats.owners import serving_endpoint
from tagline.formats.sagemaker import VariantOfModel

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

A = TypeVar("A")
BROKEN = frozenset({"Failed", "OutOfService", "Deleting", "UpdateRollbackFailed"})


@dataclass(frozen=True)
class Endpoint:
    """Name, status (SageMaker's EndpointStatus), configuration, and why it failed if it did."""

    name: str
    status: str
    config: str | None
    failure: str | None
    serverless: bool = False
    instances: int | None = None
    """Of its production variant, as far as SageMaker tells."""


class Health(Record):
    """Whether a dataset's champion answers, by what SageMaker says of its endpoint."""

    serves: bool | None
    """null where SageMaker did not tell."""
    status: str | None
    """SageMaker's EndpointStatus; null for no endpoint."""
    problem: str | None
    """What keeps the champion from serving, in words."""


def describe(client: "SageMakerClient", name: str) -> Endpoint | None:
    """Return the endpoint, or None when there is none of that name."""
    answer = _found(lambda: client.describe_endpoint(EndpointName=name))
    if answer is None:
        return None
    variants = answer.get("ProductionVariants", [])
    return Endpoint(
        name,
        answer["EndpointStatus"],
        answer.get("EndpointConfigName"),
        answer.get("FailureReason"),
        serverless=any("CurrentServerlessConfig" in variant for variant in variants),
        instances=variants[0].get("DesiredInstanceCount") if variants else None,
    )


def model_is_gone(client: "SageMakerClient", name: str) -> bool:
    """Return whether there is no model of that name."""
    return _found(lambda: client.describe_model(ModelName=name)) is None


def config_is_gone(client: "SageMakerClient", name: str) -> bool:
    """Return whether there is no endpoint configuration of that name."""
    return _found(lambda: client.describe_endpoint_config(EndpointConfigName=name)) is None


def variant_of(client: "SageMakerClient", config: str) -> VariantOfModel | None:
    """Return the production variant of an endpoint configuration, None where that was deleted."""
    found = _found(lambda: client.describe_endpoint_config(EndpointConfigName=config))
    return msgspec.convert(found["ProductionVariants"][0], VariantOfModel) if found else None


def _found(describe: Callable[[], A]) -> A | None:
    """Return what SageMaker describes, or None for what does not exist."""
    try:
        return describe()
    except ClientError as exc:
        error = exc.response["Error"]
        # SageMaker has no error of its own for what does not exist
        if error["Code"] == "ValidationException" and "Could not find" in error["Message"]:
            return None
        raise


def ailment(champion: Champion, endpoint: Endpoint | None) -> str | None:
    """Return in words what keeps the champion from serving, or None when it serves.

    An update that is under way keeps nobody from it: the fleet before goes on answering. Nor does
    a shadow, beside which the champion answers.
    """
    if endpoint is None:
        return "is missing"
    if endpoint.status in BROKEN:
        return f"is {endpoint.status}" + (f" ({endpoint.failure})" if endpoint.failure else "")
    if endpoint.config not in {None, champion.endpoint_config} and not _beside(endpoint):
        return f"serves {endpoint.config} instead of {champion.endpoint_config}"
    return None


def _beside(endpoint: Endpoint) -> bool:
    return endpoint.config is not None and is_shadow(endpoint.config)


def list_endpoints(client: "SageMakerClient", stack: str) -> dict[str, Endpoint]:
    """Return a stack's endpoints by name, without their configurations, which no list tells."""
    pages = client.get_paginator("list_endpoints").paginate(NameContains=stack)
    return {
        found["EndpointName"]: Endpoint(found["EndpointName"], found["EndpointStatus"], None, None)
        for page in pages
        for found in page["Endpoints"]
    }


def health(client: "SageMakerClient", champion: Champion) -> Health:
    """Return whether a champion answers; where SageMaker does not tell, that is the problem."""
    try:
        return health_of(champion, describe(client, champion.endpoint))
    except (ClientError, BotoCoreError) as exc:
        told = error_code(exc) if isinstance(exc, ClientError) else type(exc).__name__
        problem = f"SageMaker does not tell how endpoint {champion.endpoint} is: {told}"
        return Health(serves=None, status=None, problem=problem)


def health_of(champion: Champion, endpoint: Endpoint | None) -> Health:
    """Return whether a champion answers by its endpoint, which may be none.

    One that is being made answers nobody yet. A configuration that is not known is not asked for.
    """
    ill = ailment(champion, endpoint)
    if ill is None and endpoint is not None and endpoint.status == "Creating":
        ill = "is Creating: it answers once it is InService"
    return Health(
        serves=ill is None,
        status=endpoint.status if endpoint else None,
        problem=f"endpoint {champion.endpoint} {ill}" if ill else None,
    )


def needs_redeployment(
    client: "SageMakerClient", bucket: Bucket, stack: str, dataset: str, champion: Champion | None
) -> bool:
    """Return whether a dataset has a champion that does not serve.

    Nor should it serve on beside the shadow of a run that has ended.
    """
    if champion is None:
        return False
    endpoint = describe(client, serving_endpoint(stack, dataset, champion))
    if ailment(champion, endpoint) is not None:
        return True
    if endpoint is None or not _beside(endpoint):
        return False
    run = run_of_job(stack, dataset, endpoint.config or "")
    return run is not None and bucket.head(RunKeys(run).status) is not None
