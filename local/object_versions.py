"""Objects of a versioned bucket: their bytes lie on disk, not in memory as well.

ministack's index of versions keeps each body, so a cloud would grow by all that was ever written.
With S3_PERSIST the bytes are in files too, where it looks when the index has none: that is how it
reads versions after a restart.
"""

from typing import Any

from local import patching
from local.context import Cloud

_S3 = "ministack.services.s3"
_PARAMETERS = ("bucket_name", "key", "prior_obj", "obj", "data")


def install(_cloud: Cloud) -> None:
    """Let the index of versions hold no bodies."""
    patching.function(_S3, "_version_body", "bucket", "bucket_name", "key", "v")
    record = patching.function(_S3, "_record_object_version", *_PARAMETERS)

    def without_body(
        bucket_name: str,
        key: str,
        prior_obj: dict[str, Any] | None,
        obj: dict[str, Any],
        data: bytes,  # noqa: ARG001 - ministack's own signature
    ) -> str | None:
        version: str | None = record(bucket_name, key, prior_obj, obj, None)
        return version

    patching.replace(_S3, "_record_object_version", without_body, *_PARAMETERS)
