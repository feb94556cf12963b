"""Cores that a process may use, asked in each system's way."""

import os
from pathlib import Path

import pytest

from tagline.formats import machine
from tagline.formats.machine import busy, cores, physical_cores


def test_cores_are_those_that_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", {0: {1, 4, 5}}.get, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert cores() == 3


@pytest.mark.parametrize(("counted", "expected"), [(8, 8), (None, 1)])
def test_where_no_system_call_tells_all_cores_count(
    monkeypatch: pytest.MonkeyPatch, counted: int | None, expected: int
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: counted)
    assert cores() == expected


@pytest.mark.parametrize(
    ("may", "siblings", "expected"),
    [
        ({0, 1, 2, 3}, {0: "0,2", 1: "1,3", 2: "0,2", 3: "1,3"}, 2),
        ({0, 1}, {0: "0", 1: "1"}, 2),
        ({0, 2}, {0: "0,2", 2: "0,2"}, 1),
        ({0, 1, 2}, {}, 3),  # a machine that does not tell
    ],
)
def test_the_threads_of_one_core_count_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    may: set[int],
    siblings: dict[int, str],
    expected: int,
) -> None:
    for number, told in siblings.items():
        file = tmp_path / f"cpu{number}/topology/thread_siblings_list"
        file.parent.mkdir(parents=True)
        file.write_text(f"{told}\n")
    monkeypatch.setattr(machine, "_PROCESSORS", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", {0: may}.get, raising=False)
    assert physical_cores() == expected


def test_without_a_system_call_every_core_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert physical_cores() == 6


@pytest.mark.parametrize(("load", "expected"), [(0.5, False), (2.9, False), (3.0, True)])
def test_a_machine_is_busy_when_every_core_has_work(
    monkeypatch: pytest.MonkeyPatch, load: float, expected: bool
) -> None:
    monkeypatch.setattr(machine, "physical_cores", lambda: 3)
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 9.0, 9.0), raising=False)
    assert busy() is expected


def test_a_machine_that_does_not_tell_is_not_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "getloadavg", raising=False)
    assert not busy()
