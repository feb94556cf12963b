"""S3's `aws:kms` without a key: the account's own key for S3, which everybody in it may use.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html - ministack wants a
key to be named, and SageMaker's SDK names none when it uploads a script.
"""

from typing import Any

from local import patching

_S3 = "ministack.services.s3"
_PARAMETERS = ("headers", "bucket_name")
_ALGORITHM = "x-amz-server-side-encryption"
_OTHERS = (f"{_ALGORITHM}-aws-kms-key-id", f"{_ALGORITHM}-customer-")


def install() -> None:
    """Take what is to be encrypted by the account's own key; reading it needs no right to a key."""
    resolve = patching.function(_S3, "_resolve_sse_write_headers", *_PARAMETERS)

    def with_own_key(headers: dict[str, str], bucket_name: str) -> Any:
        plain = not any(name.startswith(_OTHERS) for name in headers)
        if plain and headers.get(_ALGORITHM) == "aws:kms":
            return {_ALGORITHM: "aws:kms"}, None
        return resolve(headers, bucket_name)

    patching.replace(_S3, "_resolve_sse_write_headers", with_own_key, *_PARAMETERS)
