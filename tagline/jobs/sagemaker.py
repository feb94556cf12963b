"""What the requests of all SageMaker jobs share: S3 locations, disks, clocks."""

import math
from typing import Any

RECORDIO = "application/x-recordio"
LONGEST_STATE = 30 * 86400  # seconds that a state of the flow may take at most
SLACK = 3600  # seconds for a machine to start, to load and to store, beyond a job's own run time
_SMALLEST_DISK = 30  # GiB
_GIB = 2**30


def s3_uri(bucket: str, key: str) -> str:
    """Return the URI of a key or prefix."""
    return f"s3://{bucket}/{key}"


def disk(data_bytes: int) -> int:
    """Return the GiB of disk for a job on this much data: twice the data, and room for models."""
    return max(_SMALLEST_DISK, math.ceil(2 * data_bytes / _GIB) + 20)


def cluster(instance_type: str, data_bytes: int) -> dict[str, Any]:
    """Return one machine of a type, as every job here takes."""
    return {
        "InstanceCount": 1,
        "InstanceType": instance_type,
        "VolumeSizeInGB": disk(data_bytes),
    }


def channel(name: str, uri: str, content_type: str) -> dict[str, Any]:
    """Return an input channel of a training job; `uri` is a prefix that ends in "/", or a key.

    S3Prefix takes every object that begins with it: "training" would also match "training_old".
    """
    return {
        "ChannelName": name,
        "ContentType": content_type,
        "InputMode": "File",
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "S3Prefix",
                "S3Uri": uri,
                "S3DataDistributionType": "FullyReplicated",
            }
        },
    }
