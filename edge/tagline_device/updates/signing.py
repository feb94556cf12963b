"""Whether a version was signed by the stack that the device was registered with."""

import base64
import binascii

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tagline.formats.document import UnreadableDocument
from tagline.formats.edge import Statement, read_statement
from tagline_device.errors import UpdateRefused


def signed(statement: str, signature: str, public_key: str | None) -> Statement:
    """Return what a statement says, once its signature (base64, DER) is the key's (PEM).

    Raise UpdateRefused otherwise. The text is verified before it is read.
    """
    if public_key is None:
        raise UpdateRefused(
            "signature: device.json has no signing_key, so nothing can be installed; "
            "register the device again"
        )
    try:
        key = load_pem_public_key(public_key.encode())
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise UpdateRefused(
            f"signature: device.json's signing_key is no public key: {exc}"
        ) from exc
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise UpdateRefused("signature: device.json's signing_key is not of the curve P-256")
    try:
        key.verify(
            base64.b64decode(signature, validate=True), statement.encode(), ec.ECDSA(SHA256())
        )
    except (binascii.Error, InvalidSignature) as exc:
        raise UpdateRefused(
            "signature: it is not that of the statement by the key in device.json"
        ) from exc
    try:
        return read_statement(statement, "statement")
    except UnreadableDocument as exc:
        raise UpdateRefused(str(exc)) from exc
