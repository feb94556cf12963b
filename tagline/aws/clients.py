"""The flow's AWS clients: made on first use, once per container.

Lambda freezes a container between calls, so a client lives as long as its function does.
"""

import functools
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from tagline.aws.environment import environment
from tagline.aws.requester_pays import paying
from tagline.aws.sessions import sending_at_once, session, user_agent

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_stepfunctions import SFNClient

_CONFIG = Config(
    connect_timeout=5,
    read_timeout=30,
    retries={"mode": "standard", "total_max_attempts": 5},
    user_agent=user_agent(),
)


@functools.cache
def s3() -> "S3Client":
    """Return the S3 client."""
    return paying(sending_at_once(session().client("s3", config=_CONFIG)))


@functools.cache
def sagemaker() -> "SageMakerClient":
    """Return the SageMaker client."""
    return session().client("sagemaker", config=_CONFIG)


@functools.cache
def sagemaker_runtime() -> "SageMakerRuntimeClient":
    """Return the client that asks endpoints."""
    return session().client("sagemaker-runtime", config=_CONFIG)


@functools.cache
def stepfunctions() -> "SFNClient":
    """Return the Step Functions client."""
    return session().client("stepfunctions", config=_CONFIG)


@functools.cache
def sns() -> "SNSClient":
    """Return the SNS client."""
    return session().client("sns", config=_CONFIG)


@functools.cache
def logs() -> "CloudWatchLogsClient":
    """Return the CloudWatch Logs client."""
    return session().client("logs", config=_CONFIG)


@functools.cache
def cloudwatch() -> "CloudWatchClient":
    """Return the CloudWatch client."""
    return session().client("cloudwatch", config=_CONFIG)


@functools.cache
def kms() -> Any:
    """Return the KMS client, which signs what goes to devices."""
    return session().client("kms", config=_CONFIG)


@functools.cache
def iot() -> Any:
    """Return the client of AWS IoT's registry and jobs."""
    return session().client("iot", config=_CONFIG)


@functools.cache
def greengrass() -> Any:
    """Return the client of AWS IoT Greengrass."""
    return session().client("greengrassv2", config=_CONFIG)


def forget() -> None:
    """Drop all clients and the environment, so that the next call makes them anew."""
    for made in (
        *(s3, sagemaker, sagemaker_runtime, stepfunctions, sns, logs, cloudwatch),
        *(kms, iot, greengrass),
        *(session, environment),
    ):
        made.cache_clear()
