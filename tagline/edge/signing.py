"""What devices hold an archive against: a statement of it, signed by the stack's key."""

import base64
import hashlib
from typing import Any

from tagline.aws.s3 import Bucket
from tagline.edge.errors import NotReleased
from tagline.formats.edge import EdgePackage, Statement, statement_text
from tagline.formats.edge_keys import EdgeKeys

_CHUNK = 1 << 20
_ALGORITHM = "ECDSA_SHA_256"


def statement_of(bucket: Bucket, package: EdgePackage) -> str:
    """Return the text that is signed of a packaged version, of the archive as it lies there now.

    Raises NotReleased where it is not the archive that was packaged.
    """
    key = EdgeKeys(package.dataset).model(package.version)
    digest, size = hashlib.sha256(), 0
    with bucket.stream(key) as archive:
        for chunk in archive.content.iter_chunks(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    if (digest.hexdigest(), size) != (package.sha256, package.bytes):
        raise NotReleased(
            f"{bucket.uri(key)} is not what was packaged: its SHA-256 is {digest.hexdigest()}, and "
            f"package.json says {package.sha256}"
        )
    said = Statement(
        bytes=size, dataset=package.dataset, sha256=digest.hexdigest(), version=package.version
    )
    return statement_text(said)


def sign(kms: Any, key: str, statement: str) -> str:
    """Return the signature of a statement by a key of KMS, base64."""
    answer = kms.sign(
        KeyId=key,
        Message=statement.encode(),
        MessageType="RAW",
        SigningAlgorithm=_ALGORITHM,
    )
    return base64.b64encode(answer["Signature"]).decode()
