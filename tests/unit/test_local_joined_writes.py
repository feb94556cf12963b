"""What the laptop cloud writes to a connection: joined, in order, and never kept back."""

import asyncio
from typing import Any

from local.joined_writes import Joining


class Transport:
    """A transport that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[bytes | str] = []

    def write(self, data: bytes) -> None:
        self.told.append(data)

    def close(self) -> None:
        self.told.append("close")

    def is_closing(self) -> bool:
        return "close" in self.told


def told_by(*said: Any) -> list[bytes | str]:
    """Return what a transport is told while these are written, and what it is told after."""

    async def work() -> list[bytes | str]:
        transport = Transport()
        joining: Any = Joining(transport, asyncio.get_running_loop())  # type: ignore[arg-type]
        for data in said:
            joining.close() if data == "close" else joining.write(data)
        transport.told.append("turn")
        await asyncio.sleep(0)
        assert joining.is_closing() is ("close" in said)
        return transport.told

    return asyncio.run(work())


def test_what_is_written_in_one_turn_leaves_at_once() -> None:
    assert told_by(b"head", b"", b"body") == ["turn", b"headbody"]


def test_nothing_is_left_behind_when_a_connection_ends() -> None:
    assert told_by(b"head", b"body", "close") == [b"headbody", "close", "turn"]


def test_what_is_large_is_not_held() -> None:
    large = bytes(1 << 20)
    assert told_by(b"head", large, b"end") == [b"head" + large, "turn", b"end"]
