"""An emulated job of several machines: the first takes the others' records, each ends with it."""

import socket
import threading
from pathlib import Path

import pytest

from trainer.builtin import together
from trainer.builtin.together import follow, leading, take
from trainer.contract import JobRefused
from trainer.team import Hosts

NAMES = ("algo-1", "algo-2", "algo-3")


@pytest.fixture(autouse=True)
def meeting(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        monkeypatch.setenv("MASTER_PORT", str(held.getsockname()[1]))
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setattr(together, "_AGAIN", 0.01)


def machine(name: str) -> Hosts:
    return Hosts(NAMES, name, "lo")


def others(tmp_path: Path, *, own: bool) -> list[threading.Thread]:
    """Start the other machines, the last first, each with a file of more than a block."""
    started = []
    for name in reversed(NAMES[1:]):
        file = tmp_path / name
        file.write_bytes(name.encode() * 300_000)
        given = (machine(name), file if own else None, 7)
        started.append(threading.Thread(target=follow, args=given))
        started[-1].start()
    return started


@pytest.mark.parametrize("own", [True, False])
def test_the_first_takes_what_is_the_others_own_in_their_order(tmp_path: Path, own: bool) -> None:
    target = tmp_path / "train.rec"
    target.write_bytes(b"mine")
    following = others(tmp_path, own=own)
    with leading(machine("algo-1")) as lines:
        count = take(lines, target) if own else 0
        assert all(thread.is_alive() for thread in following)
    for thread in following:
        thread.join(10)
        assert not thread.is_alive()
    theirs = b"".join(name.encode() * 300_000 for name in NAMES[1:]) if own else b""
    assert (count, target.read_bytes()) == (14 if own else 0, b"mine" + theirs)


def test_one_machine_waits_for_nobody() -> None:
    with leading(Hosts(("localhost",), "localhost", "lo")) as lines:
        assert lines == []


def test_the_others_say_that_the_first_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def run() -> None:
        with pytest.raises(JobRefused) as refused:
            follow(Hosts(NAMES[:2], "algo-2", "lo"), None, 0)
        told.append(str(refused.value))

    def fail() -> None:
        with leading(Hosts(NAMES[:2], "algo-1", "lo")) as lines:
            for line in lines:
                line.close()  # as the system does for a process that ends
            raise KeyError

    thread = threading.Thread(target=run)
    thread.start()
    with pytest.raises(KeyError):
        fail()
    thread.join(10)
    assert told == ["algo-1 ended before the training did; see its log"]
    monkeypatch.setattr(together, "_PATIENCE", 0.0)
    with pytest.raises(JobRefused, match="algo-1 does not answer"):
        follow(machine("algo-2"), None, 0)
