"""What the requests of all SageMaker jobs share: what the stack decides, disks, clocks."""

import math
from dataclasses import dataclass

from tagline.formats.locations import Location
from tagline.formats.sagemaker import Channel, Cluster, DataSource, Distribution, InputMode, S3Data

LONGEST_STATE = 30 * 86400  # seconds that a state of the flow may take at most
SLACK = 3600  # seconds for a machine to start, to load and to store, beyond a job's own run time
_SMALLEST_DISK = 30  # GiB
LARGEST_DISK = 16_384  # GiB of a job's volume
_GIB = 2**30


@dataclass(frozen=True)
class Stack:
    """What the stack decides: where things lie, what runs, on what."""

    name: str
    bucket: str
    image: str
    instance_type: str
    torch_image: str = ""
    """Empty where the stack has none."""
    script_image: str = ""
    """Runs a person's own script; empty where the stack has none."""
    region: str = ""
    """Whose registry of SageMaker's own algorithms is asked; empty where none needs to be."""

    def uri(self, key: str) -> str:
        """Return the URI of a key or prefix."""
        return Location(self.bucket, key).uri


def disk(data_bytes: int) -> int:
    """Return the GiB of disk for a job on this much data: twice the data, and room for models."""
    return max(_SMALLEST_DISK, math.ceil(2 * data_bytes / _GIB) + 20)


def cluster(instance_type: str, data_bytes: int, count: int = 1) -> Cluster:
    """Return machines of a type, each with a disk for this much data."""
    return Cluster(
        instance_count=count, instance_type=instance_type, volume_size_in_gb=disk(data_bytes)
    )


def channel(
    name: str,
    uri: str,
    content_type: str,
    mode: InputMode = "File",
    distribution: Distribution = "FullyReplicated",
) -> Channel:
    """Return an input channel of a training job; `uri` is a prefix that ends in "/", or a key.

    S3Prefix takes every object that begins with it: "training" would also match "training_old".
    """
    data = S3Data(s3_uri=uri, s3_data_distribution_type=distribution)
    return Channel(
        channel_name=name,
        content_type=content_type,
        input_mode=mode,
        data_source=DataSource(s3_data_source=data),
    )
