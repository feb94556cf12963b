"""Calls of the API wait a moment instead of being refused, but not for ever, nor endlessly many."""

import asyncio

import pytest

from local import waiting_line
from local.waiting_line import LineFull, WaitingLine


def test_what_is_too_much_waits_in_turn_and_the_rest_is_refused() -> None:
    async def run() -> None:
        line, go_on, done, running = WaitingLine(5), asyncio.Event(), [], []

        async def call(number: int) -> None:
            async with line.turn():
                running.append(number)
                await go_on.wait()
                done.append(number)

        calls = [asyncio.create_task(call(number)) for number in range(25)]
        for _ in range(5):
            await asyncio.sleep(0)
        assert running == [0]  # the flow has the other four
        ended = [task for task in calls if task.done()]
        assert ended == calls[21:]
        assert all(isinstance(task.exception(), LineFull) for task in ended)
        go_on.set()
        await asyncio.gather(*calls[:21])
        assert done == list(range(21))
        async with line.turn():
            pass

    asyncio.run(run())


def test_a_line_that_does_not_move_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_line, "_PATIENCE", 0.01)

    async def run() -> None:
        line = WaitingLine(1)
        async with line.turn():
            with pytest.raises(LineFull):
                async with line.turn():
                    pass
        async with line.turn():
            pass

    asyncio.run(run())
