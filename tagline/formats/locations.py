"""Where an object lies: the grammar of s3:// URIs, and what a key may hold."""

import re
from typing import NamedTuple

MAX_KEY_BYTES = 1024  # S3's limit, counted in UTF-8
_MOST_BYTES = 4  # of a character in UTF-8
_URI = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?", re.DOTALL)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # lone surrogates are no text


class Location(NamedTuple):
    """An object, or a prefix: its bucket and key."""

    bucket: str
    key: str

    @property
    def uri(self) -> str:
        """The location as s3://bucket/key."""
        return f"s3://{self.bucket}/{self.key}"

    def below(self, prefix: "Location") -> bool:
        """Return whether it lies below a prefix."""
        return self.bucket == prefix.bucket and self.key.startswith(prefix.key)


def parse_uri(text: str) -> Location | None:
    """Return where `s3://bucket/key` leads, the key empty without one; None for other text."""
    match = _URI.fullmatch(text)
    return Location(match[1], match[2] or "") if match else None


def fault_of_key(key: str) -> str | None:
    """Return what is wrong with a key, as words that follow on it, or None.

    Each check has a cheap form first: a list has a million keys, nearly all of them plain.
    """
    if not (key.isascii() and key.isprintable()) and (found := _CONTROL.search(key)):
        return f"holds a control character (U+{ord(found[0]):04X})"
    if ".." in key and ".." in key.split("/"):
        return "holds '..'"
    if len(key) > MAX_KEY_BYTES // _MOST_BYTES and (size := len(key.encode())) > MAX_KEY_BYTES:
        return f"is {size} bytes long; S3 takes {MAX_KEY_BYTES}"
    return None


def plain_etag(etag: str) -> str:
    """Return an ETag without the quotes that HTTP puts round it."""
    return etag.strip('"')
