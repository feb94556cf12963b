"""im2rec and signals: told to stop it leaves nothing behind, and a worker's death stops nothing."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.unit.im2rec_files import ROOT, im2rec, picture, save

pytestmark = pytest.mark.slow

IMAGES = 4


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A few large images, and a list that has them many times."""
    for number in range(IMAGES):
        save(tmp_path / f"images/{number}.jpg", picture(number, (700, 500)))
    rows = (f"{n}\t1\t{n % IMAGES}.jpg\n" for n in range(600))
    (tmp_path / "set.lst").write_text("".join(rows))
    return tmp_path / "images"


@contextmanager
def running(root: Path, *launcher: str) -> Iterator[subprocess.Popen[str]]:
    """Run the tool in a session of its own, up to its first records."""
    tool = [sys.executable, "-m", "im2rec.files", root.parent / "set", root, "--num-thread", "2"]
    with subprocess.Popen(
        [*launcher, *map(str, tool)],
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'containers'}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        draft = root.parent / "set.rec.part"
        while process.poll() is None and not (draft.exists() and draft.stat().st_size):
            os.sched_yield()
        assert process.poll() is None
        try:
            yield process
        finally:
            if processes(process.pid):
                os.killpg(process.pid, signal.SIGKILL)


def processes(session: int) -> list[int]:
    """Return the processes of a session that have not ended."""
    found = []
    for process in psutil.process_iter(["status"]):
        with suppress(ProcessLookupError, PermissionError):
            if process.info["status"] != psutil.STATUS_ZOMBIE and os.getsid(process.pid) == session:
                found.append(process.pid)
    return found


def all_end(session: int) -> bool:
    """Wait until no process of a session is left, which a broken tool never reaches."""
    deadline = os.times().elapsed + 20
    while processes(session) and os.times().elapsed < deadline:
        os.sched_yield()
    return not processes(session)


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("group", [False, True])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_told_to_stop_it_says_so_and_leaves_nothing(
    root: Path, number: signal.Signals, group: bool, times: int
) -> None:
    with running(root) as process:
        for _ in range(times):
            (os.killpg if group else os.kill)(process.pid, number)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 1
        assert said == "im2rec was told to stop: each record file is the old or the new one\n"
        assert all_end(process.pid)
    assert {path.name for path in root.parent.iterdir()} == {"images", "set.lst"}


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells of a parent's death")
def test_workers_die_with_their_parent(root: Path) -> None:
    with running(root) as process:
        assert len(processes(process.pid)) == 3
        process.kill()
        process.communicate(timeout=60)
        assert all_end(process.pid)


def test_nohup_is_heeded(root: Path) -> None:
    with running(root, "nohup") as process:
        os.killpg(process.pid, signal.SIGHUP)
        process.communicate(timeout=120)
        assert process.returncode == 0


@pytest.mark.parametrize("victim", [0, 1])
def test_a_worker_that_dies_costs_nothing(root: Path, victim: int) -> None:
    assert im2rec(root.parent / "set", root).code == 0
    before = (root.parent / "set.rec").read_bytes()
    with running(root) as process:
        workers = [pid for pid in processes(process.pid) if pid != process.pid]
        os.kill(workers[victim], signal.SIGKILL)
        process.communicate(timeout=120)
        assert process.returncode == 0
    assert (root.parent / "set.rec").read_bytes() == before
