"""Large bodies come one after the other, small ones do not wait for them, too large ones end."""

import asyncio
from typing import Any

import pytest

from local.door import Body, Message, TooLarge

MIB = 1 << 20
LARGE = 32 * MIB


def pieces(sizes: list[int]) -> Any:
    """Return an ASGI `receive` of pieces of a body."""
    left = [{"type": "http.request", "body": bytes(size), "more_body": True} for size in sizes]

    async def receive() -> Message:
        return left.pop(0)

    return receive


def test_a_large_body_waits_for_the_one_before() -> None:
    async def run() -> None:
        one = asyncio.Semaphore(1)
        first, second = (Body(pieces([LARGE, 1]), 2 * LARGE, one) for _ in range(2))
        small = Body(pieces([MIB, MIB]), LARGE, one)
        for _ in range(2):
            await first.receive()
        await second.receive()
        rest = asyncio.create_task(second.receive())
        for _ in range(2):
            await small.receive()
        assert not rest.done()
        first.end()
        assert len((await rest)["body"]) == 1
        second.end()
        assert not one.locked()

    asyncio.run(run())


def test_a_body_ends_where_it_is_too_large() -> None:
    async def run() -> None:
        one = asyncio.Semaphore(1)
        body = Body(pieces([MIB, MIB]), 2 * MIB - 1, one)
        await body.receive()
        with pytest.raises(TooLarge):
            await body.receive()
        body.end()
        assert not one.locked()

    asyncio.run(run())
