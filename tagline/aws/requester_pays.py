"""Reading of source buckets whose owner leaves the cost of it to the reader.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/RequesterPaysBuckets.html
"""

from typing import TYPE_CHECKING, Any

from tagline.aws.environment import environment

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_READS = ("GetObject", "HeadObject", "ListObjectsV2")


def paying(client: "S3Client") -> "S3Client":
    """Return the client, which from now on offers to pay where the stack says so."""
    here = environment()
    if here.source_requester_pays and here.source_buckets:
        for operation in _READS:
            client.meta.events.register(f"provide-client-params.s3.{operation}", _offer)
    return client


def _offer(params: dict[str, Any], **_event: object) -> None:
    if params.get("Bucket") in environment().source_buckets:
        params["RequestPayer"] = "requester"
