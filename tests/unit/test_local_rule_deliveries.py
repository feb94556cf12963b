"""What devices sent is delivered before the cloud stops, or else at its next start."""

import threading
from pathlib import Path
from typing import Any

import pytest

from local.rule_deliveries import RuleDeliveries
from tests.laptop import eventually


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deliveries.db"


def left(file: Path) -> list[Any]:
    """Return what the next start delivers."""
    seen: list[Any] = []
    again = RuleDeliveries(file, seen.append)
    again.take_up()
    again.finish(20)
    return sorted(entry["n"] for entry in seen)


def test_a_stop_waits_until_all_is_delivered(file: Path) -> None:
    seen: list[Any] = []
    gate = threading.Event()

    def deliver(entry: Any) -> None:
        gate.wait(20)
        seen.append(entry["n"])

    rules = RuleDeliveries(file, deliver)
    for n in range(12):
        rules.send({"n": n})
    stopping = threading.Thread(target=rules.finish, args=(20,))
    stopping.start()
    gate.set()
    stopping.join(20)
    assert sorted(seen) == [*range(12)]
    assert left(file) == []


def test_what_a_stop_cannot_wait_for_is_delivered_at_the_next_start(file: Path) -> None:
    gate, ended = threading.Event(), threading.Semaphore(0)

    def deliver(_: Any) -> None:
        gate.wait(20)  # and fails then, for its runtime was ended
        ended.release()

    rules = RuleDeliveries(file, deliver)
    for n in range(6):
        rules.send({"n": n})
    rules.finish(0.01)
    rules.send({"n": 6})  # over HTTP, in the last moment
    gate.set()
    for _ in range(4):
        assert ended.acquire(timeout=20)
    assert left(file) == [*range(7)]
    assert left(file) == []


def test_a_kill_loses_nothing_that_was_taken(file: Path) -> None:
    gate = threading.Event()
    rules = RuleDeliveries(file, lambda _: gate.wait(20))
    for n in range(6):
        rules.send({"n": n})
    assert left(file) == [*range(6)]
    gate.set()
    rules.finish(20)


def test_a_delivery_that_breaks_is_tried_at_the_next_start(file: Path) -> None:
    def broken(_: Any) -> None:
        raise OSError("no process can be started")

    rules = RuleDeliveries(file, broken)
    rules.send({"n": 1})
    rules.finish(20)
    assert eventually(lambda: left(file)) == [1]
