"""Numbers at places in a file; reading past the end says that the image is cut off."""

import struct

from tagline.imaging.errors import UndecodableImage


def take(data: bytes, at: int, length: int, what: str) -> bytes:
    """Return `length` bytes at `at`; raise UndecodableImage when the file ends before."""
    found = data[at : at + length]
    if len(found) < length:
        raise UndecodableImage(f"the file ends inside its {what}")
    return found


def big16(data: bytes, at: int, what: str) -> int:
    """Return the unsigned big-endian 16-bit number at `at`."""
    return int(struct.unpack(">H", take(data, at, 2, what))[0])


def big32(data: bytes, at: int, what: str) -> int:
    """Return the unsigned big-endian 32-bit number at `at`."""
    return int(struct.unpack(">I", take(data, at, 4, what))[0])


def little(data: bytes, at: int, length: int, what: str) -> int:
    """Return the unsigned little-endian number of `length` bytes at `at`."""
    return int.from_bytes(take(data, at, length, what), "little")
