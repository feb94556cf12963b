"""The endpoint of a dataset as it stands."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


@dataclass(frozen=True)
class Endpoint:
    """Name, status (SageMaker's EndpointStatus), configuration, and why it failed if it did."""

    name: str
    status: str
    config: str | None
    failure: str | None


def describe(client: "SageMakerClient", name: str) -> Endpoint | None:
    """Return the endpoint, or None when there is none of that name."""
    try:
        answer = client.describe_endpoint(EndpointName=name)
    except ClientError as exc:
        error = exc.response["Error"]
        # SageMaker has no error of its own for what does not exist
        if error["Code"] == "ValidationException" and "Could not find" in error["Message"]:
            return None
        raise
    return Endpoint(
        name,
        answer["EndpointStatus"],
        answer.get("EndpointConfigName"),
        answer.get("FailureReason"),
    )
