"""Objects of a versioned bucket: their bytes lie on disk, not in memory as well.

ministack's index of versions keeps each body, so a cloud would grow by all that was ever written.
With S3_PERSIST the bytes are in files too, where it looks when the index has none: that is how it
reads versions after a restart.
"""

from typing import Any

from local import patching

_S3 = "ministack.services.s3"
_PARAMETERS = ("obj", "version_id", "data")


def install() -> None:
    """Let the index of versions hold no bodies."""
    entry = patching.function(_S3, "_version_entry_from_record", *_PARAMETERS)

    def without_body(obj: dict[str, Any], version_id: str, data: object) -> dict[str, Any]:  # noqa: ARG001 - ministack's own signature
        found: dict[str, Any] = entry(obj, version_id, None)
        return found

    patching.replace(_S3, "_version_entry_from_record", without_body, *_PARAMETERS)
