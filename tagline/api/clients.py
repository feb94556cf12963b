"""The API's AWS clients: made once per container, with waits that fit one HTTP call.

What broke off or was throttled is tried again once, what timed out never: the first request may be
under way still, and a second one would double the work of a service that is slow.
"""

import functools
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from tagline.aws.requester_pays import paying

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient
    from mypy_boto3_stepfunctions import SFNClient

CONNECT_SECONDS = 2
ANSWER_SECONDS = 12  # that an endpoint may take; it is told
_STORED_SECONDS = 5  # that S3 may take
_TOLD_SECONDS = 5  # that SageMaker may take to describe an endpoint
_RETRIES: Any = {  # botocore keeps the type to itself
    "mode": "standard",
    "total_max_attempts": 2,
}


@functools.cache
def s3() -> "S3Client":
    """Return the S3 client; signature 4, since KMS-encrypted objects take no other link."""
    config = Config(
        signature_version="s3v4",
        connect_timeout=CONNECT_SECONDS,
        read_timeout=_STORED_SECONDS,
        retries=_RETRIES,
        max_pool_connections=16,
    )
    client = paying(boto3.client("s3", config=config))
    client.meta.events.register_first("needs-retry.s3", _not_after_a_timeout)
    return client


@functools.cache
def hasty_s3() -> "S3Client":
    """Return an S3 client for what an answer does not need: a call takes 1.5 seconds at most."""
    config = Config(connect_timeout=0.5, read_timeout=1, retries={"total_max_attempts": 1})
    return boto3.client("s3", config=config)


@functools.cache
def runtime() -> "SageMakerRuntimeClient":
    """Return the SageMaker runtime client; an HTTP API waits 30 seconds in all."""
    config = Config(connect_timeout=CONNECT_SECONDS, read_timeout=ANSWER_SECONDS, retries=_RETRIES)
    client = boto3.client("sagemaker-runtime", config=config)
    client.meta.events.register_first("needs-retry.sagemaker-runtime", _not_after_a_timeout)
    return client


def _not_after_a_timeout(caught_exception: Exception | None = None, **_event: object) -> None:
    if isinstance(caught_exception, (ReadTimeoutError, ConnectTimeoutError)):
        raise caught_exception


@functools.cache
def states() -> "SFNClient":
    """Return the client that starts executions and tells how they go."""
    config = Config(connect_timeout=CONNECT_SECONDS, read_timeout=_TOLD_SECONDS, retries=_RETRIES)
    return boto3.client("stepfunctions", config=config)


@functools.cache
def logs() -> "CloudWatchLogsClient":
    """Return the client that reads what training jobs logged."""
    config = Config(connect_timeout=CONNECT_SECONDS, read_timeout=_TOLD_SECONDS, retries=_RETRIES)
    return boto3.client("logs", config=config)


@functools.cache
def sagemaker() -> "SageMakerClient":
    """Return the client that tells how endpoints are."""
    config = Config(connect_timeout=CONNECT_SECONDS, read_timeout=_TOLD_SECONDS, retries=_RETRIES)
    return boto3.client("sagemaker", config=config)
