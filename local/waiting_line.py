"""Calls of HTTP APIs: as many at once as leave functions to the flow, some more in a line.

Lambda runs a thousand functions at once where the laptop runs sixteen: what AWS would begin at once
waits here for a moment, and is refused only when the line is full or does not move.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_LEFT_TO_THE_FLOW = 4  # functions
_PATIENCE = 20.0  # seconds; a dozen cold functions take half of that on a busy machine


class LineFull(Exception):
    """More calls wait than may, or one has waited too long."""


class WaitingLine:
    """Lets calls in, first come, first served."""

    def __init__(self, functions: int) -> None:
        """`functions` run at once in all."""
        running = max(1, functions - _LEFT_TO_THE_FLOW)
        self._free = asyncio.Semaphore(running)
        self._left = running + 4 * functions

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, which lasts until the block ends; raise LineFull."""
        if not self._left:
            raise LineFull
        self._left -= 1
        try:
            try:
                await asyncio.wait_for(self._free.acquire(), _PATIENCE)
            except TimeoutError as exc:
                raise LineFull from exc
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._left += 1
