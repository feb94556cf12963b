"""The API's AWS clients: made once per container, with waits that fit one HTTP call."""

import functools
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from tagline.aws.requester_pays import paying

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient


@functools.cache
def s3() -> "S3Client":
    """Return the S3 client; signature 4, since KMS-encrypted objects take no other link."""
    config = Config(
        signature_version="s3v4",
        connect_timeout=2,
        read_timeout=8,
        retries={"mode": "standard", "total_max_attempts": 2},
        max_pool_connections=16,
    )
    return paying(boto3.client("s3", config=config))


@functools.cache
def runtime() -> "SageMakerRuntimeClient":
    """Return the SageMaker runtime client; an HTTP API waits 30 seconds in all."""
    config = Config(
        connect_timeout=2, read_timeout=12, retries={"mode": "standard", "total_max_attempts": 2}
    )
    return boto3.client("sagemaker-runtime", config=config)


@functools.cache
def sagemaker() -> "SageMakerClient":
    """Return the client that tells how endpoints are."""
    config = Config(
        connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2}
    )
    return boto3.client("sagemaker", config=config)
