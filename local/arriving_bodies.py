"""The body of a request as it arrives: held while it is small, in a file beyond."""

import asyncio
import uuid
from collections.abc import Callable, Iterable, Sequence
from io import FileIO
from pathlib import Path

from local.chunked_bodies import BrokenChunks, is_chunked, unchunk
from local.door import Message, Receive
from local.object_bodies import SMALL, FileBody, for_the_owner


class Disconnected(Exception):
    """The client went away before its body was whole."""


class Arriving:
    """One request's body, whose files lie in a folder until they are let go.

    `unchunked` is ministack's own decoder of small bodies; `incomplete` what it raises where a body
    is not what its headers say.
    """

    def __init__(
        self,
        folder: Path,
        unchunked: Callable[[bytes, dict[str, str]], bytes],
        incomplete: type[Exception],
    ) -> None:
        self._folder = folder
        self._files: list[Path] = []
        self._unchunked = unchunked
        self._incomplete = incomplete

    def let_go(self) -> None:
        """Remove the files; what was linked to them stays."""
        for file in self._files:
            file.unlink(missing_ok=True)

    def _new_file(self) -> Path:
        self._files.append(self._folder / uuid.uuid4().hex)
        return self._files[-1]

    async def received(self, receive: Receive, headers: dict[str, str]) -> bytes | FileBody:
        """Return the body without the chunks it may have come in, whose trailers become headers.

        Raises `incomplete`, Disconnected, or OSError where the disk does not take it.
        """
        held, size, more = await _held(receive)
        if more:
            size = await self._spool(held, receive)
        told = headers.get("content-length")
        if told is not None and told.strip() != str(size):
            raise self._incomplete("Content-Length does not match request body")
        if not self._files:
            return self._unchunked(b"".join(held), headers)
        body = FileBody(self._files[0])
        if is_chunked(headers):
            body = await self._content_of(headers)
        await asyncio.to_thread(lambda: body.md5)  # others are answered meanwhile
        return body

    async def _spool(self, held: Sequence[bytes], receive: Receive) -> int:
        """Write what is held and all that comes to a file; return its size."""
        # a piece is in the page cache at once: another thread would only cost more
        with open(self._new_file(), "wb", buffering=0, opener=for_the_owner) as stream:  # noqa: ASYNC230
            more = True
            while held:
                _write(stream, held)
                held, _, more = await _held(receive) if more else ((), 0, False)
            return stream.tell()

    async def _content_of(self, headers: dict[str, str]) -> FileBody:
        told = headers.pop("x-amz-decoded-content-length", None)
        try:
            body, end = await asyncio.to_thread(unchunk, self._files[0], self._new_file())
        except BrokenChunks as exc:
            raise self._incomplete(str(exc)) from exc
        if told is not None and told.strip() != str(len(body)):
            raise self._incomplete("Decoded aws-chunked length mismatch")
        self._unchunked(end, headers)  # reads the trailer and takes the chunks out of the headers
        return body


async def _held(receive: Receive) -> tuple[list[bytes], int, bool]:
    """Return what arrives until it is no longer small, its size, and whether more comes."""
    held: list[bytes] = []
    size, more = 0, True
    while more and size <= SMALL:
        message: Message = await receive()
        if message["type"] != "http.request":
            raise Disconnected
        held.append(message.get("body", b""))
        size += len(held[-1])
        more = message.get("more_body", False)
    return held, size, more


def _write(stream: FileIO, pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        left = memoryview(piece)
        while left:
            left = left[stream.write(left) :]
