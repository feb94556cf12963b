"""An answer's head and body leave in one write: for a small object, half of what sending it costs.

uvicorn writes each part of an answer as it comes, and so the other side reads it in parts as well.
"""

import asyncio
from typing import Any

_AT_ONCE = 64 << 10  # bytes; more goes out as it comes, so that the transport can hold it back


def protocol() -> type[asyncio.Protocol]:
    """Return uvicorn's protocol over transports that join."""
    from uvicorn.protocols.http.httptools_impl import (  # noqa: PLC0415 - the cloud's alone
        HttpToolsProtocol,
    )

    class JoinedWrites(HttpToolsProtocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(Joining(transport, self.loop))  # type: ignore[arg-type]

    return JoinedWrites


class Joining:
    """A transport that joins what is written in one turn of the loop; closing loses nothing."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []
        self._size = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write, at the end of this turn of the loop at the latest."""
        if not data:
            return
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)
        self._size += len(data)
        if self._size > _AT_ONCE:
            self._flush()

    def close(self) -> None:
        """Write what is left, and close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._parts:
            data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
            self._parts, self._size = [], 0
            self._transport.write(data)
