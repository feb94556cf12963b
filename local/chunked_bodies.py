"""Bodies that the SDKs send in chunks of their own (aws-chunked), where they lie in a file.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from local.object_bodies import FileBody, for_the_owner

_SIZE = re.compile(rb"([0-9A-Fa-f]+)(?:;.*)?\r\n", re.DOTALL)
_LONGEST_LINE = 4096  # bytes of a chunk's header, which may hold a signature
_LONGEST_TRAILER = 64 << 10
_PIECE = 1 << 20
_END = b"\r\n"


class BrokenChunks(ValueError):
    """A body is not what its chunks say, or ends before they do."""


def is_chunked(headers: Mapping[str, str]) -> bool:
    """Tell whether a request's body is sent in chunks; header names in lower case."""
    return (
        headers.get("x-amz-content-sha256", "").startswith("STREAMING-")
        or "aws-chunked" in headers.get("content-encoding", "")
        or bool(headers.get("x-amz-decoded-content-length"))
    )


def unchunk(source: Path, target: Path) -> tuple[FileBody, bytes]:
    """Write the content of a chunked body to another file; raises BrokenChunks.

    Returns the content, and how the body ends: its last chunk, which is empty, and its trailer.
    """
    with source.open("rb") as body, open(target, "wb", opener=for_the_owner) as content:
        while True:
            line = body.readline(_LONGEST_LINE)
            found = _SIZE.fullmatch(line)
            if found is None:
                raise BrokenChunks("a chunk has no header")
            left = int(found[1], 16)
            if left == 0:
                end = line + body.read(_LONGEST_TRAILER)
                break
            _copy(body, content, left)
            if body.read(len(_END)) != _END:
                raise BrokenChunks("a chunk has no end")
    return FileBody(target), end


def _copy(body: IO[bytes], content: IO[bytes], left: int) -> None:
    while left:
        piece = body.read(min(left, _PIECE))
        if not piece:
            raise BrokenChunks("a chunk is cut short")
        content.write(piece)
        left -= len(piece)
