"""A lane lets in what it can work off in time; heavy work is counted by what it costs."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from server.admission import Busy, Held, Lane


async def enter(stack: AsyncExitStack, lane: Lane, seconds: float) -> None:
    await stack.enter_async_context(lane.turn(seconds))


def test_a_free_slot_takes_anything() -> None:
    async def run() -> None:
        lane = Lane(slots=2, patience=1)
        async with AsyncExitStack() as stack:
            await enter(stack, lane, 50)
            await enter(stack, lane, 50)
            with pytest.raises(Busy) as caught:
                await enter(stack, lane, 0.001)
            assert caught.value.seconds == pytest.approx(
                100
            )  # two slots for 100 s of CPU, a busy one

    asyncio.run(run())


def test_many_small_ones_wait_where_one_large_one_may_not() -> None:
    async def run() -> None:
        lane = Lane(slots=1, patience=1)
        async with AsyncExitStack() as stack:
            await enter(stack, lane, 0.25)
            small = [asyncio.create_task(enter(stack, lane, 0.005)) for _ in range(50)]
            await asyncio.sleep(0)
            assert lane.wait == pytest.approx(1.0)
            large = asyncio.create_task(enter(stack, lane, 2.5))  # begins after a second
            await asyncio.sleep(0)
            with pytest.raises(Busy):
                await enter(stack, lane, 0.01)
            for task in (*small, large):
                task.cancel()
            await asyncio.gather(*small, large, return_exceptions=True)
            assert lane.wait == pytest.approx(0.5)  # who left does not count

    asyncio.run(run())


def test_a_machine_slower_than_expected_lets_fewer_in(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)

    async def run() -> None:
        nonlocal now
        lane = Lane(slots=1, patience=1)
        for _ in range(40):
            async with lane.turn(0.1):
                now += 0.4
        async with AsyncExitStack() as stack:
            await enter(stack, lane, 0.1)
            assert lane.wait == pytest.approx(0.4, rel=0.05)

    asyncio.run(run())


def test_held_bytes_are_bounded_and_given_back() -> None:
    held = Held(100)
    with held.room() as first:
        first.take(60)
        with held.room() as second, pytest.raises(Busy):
            second.take(41)
        with held.room() as third:
            third.take(40)
    with held.room() as again:
        again.take(100)
