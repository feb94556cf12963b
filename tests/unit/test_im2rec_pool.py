"""The pool of packing workers: order, and images that kill the process that decodes them."""

import multiprocessing
import os
import signal
import subprocess
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from im2rec import pool
from im2rec.errors import PackFailed
from im2rec.pool import PackingPool
from im2rec.records import FetchedImage, Packed, Record, Unusable
from tagline.formats.settings import ImageSpec

pytestmark = pytest.mark.slow

SPEC = ImageSpec(size=16)
CONTAINERS = Path(__file__).parents[2] / "containers"


def echo(image: FetchedImage, _: ImageSpec) -> Packed:
    """Stand in for the packing: the answer is the data; `deadly` kills as a fault in C would."""
    if image.data == b"deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    if image.data == b"fault":
        raise OSError("a fault of the packing")
    return Record(image.data)


def dies_answering(image: FetchedImage, spec: ImageSpec) -> Packed:
    """Die after the first bytes of the answer about a deadly image."""

    def begin(pipe: Connection, data: bytes) -> None:
        os.write(pipe.fileno(), data[:4])
        os.kill(os.getpid(), signal.SIGKILL)

    if image.data == b"deadly":
        setattr(Connection, "_send", begin)  # noqa: B010
        return Record(image.data)
    return echo(image, spec)


def images(count: int, deadly: set[int]) -> list[FetchedImage]:
    return [
        FetchedImage(n, "1", b"deadly" if n in deadly else str(n).encode()) for n in range(count)
    ]


@pytest.mark.parametrize("workers", [1, 2])
def test_answers_come_in_order(workers: int) -> None:
    with PackingPool(SPEC, workers, echo) as packing:
        answers = list(packing.pack(images(150, set())))
    assert answers == [Record(str(n).encode()) for n in range(150)]


def test_an_image_that_kills_its_worker_is_the_only_one_rejected() -> None:
    with PackingPool(SPEC, 2, echo) as packing:
        answers = list(packing.pack(images(60, {3, 40})))
    refused = {n: answer for n, answer in enumerate(answers) if isinstance(answer, Unusable)}
    assert list(refused) == [3, 40]
    assert {answer.reason for answer in refused.values()} == {"undecodable_image"}
    assert answers[59] == Record(b"59")


@pytest.mark.parametrize("start", ["spawn", "fork"])
def test_a_worker_that_dies_in_the_middle_of_its_answer_costs_nothing_else(start: str) -> None:
    program = f"""
from im2rec.pool import PackingPool
from tests.unit.test_im2rec_pool import SPEC, dies_answering, images

if __name__ == "__main__":
    with PackingPool(SPEC, 2, dies_answering, batch=4, start={start!r}) as packing:
        answers = list(packing.pack(images(30, {{9}})))
    payloads = [getattr(answer, "payload", None) for answer in answers]
    print([n for n, payload in enumerate(payloads) if payload != str(n).encode()])
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": f"{CONTAINERS.parent}{os.pathsep}{CONTAINERS}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "[9]\n", done.stderr


def test_workers_that_keep_dying_fail_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "MAX_CRASHES", 1)
    with (
        PackingPool(SPEC, 1, echo) as packing,
        pytest.raises(PackFailed, match="died on 2 images, the last with id 6"),
    ):
        list(packing.pack(images(20, {4, 6, 9})))


def test_batches_and_answers_that_no_pipe_holds_pass_each_other() -> None:
    sent = [FetchedImage(n, "1", bytes(4 << 20)) for n in range(12)]
    with PackingPool(SPEC, 2, echo, batch=1) as packing:
        assert list(packing.pack(sent)) == [Record(image.data) for image in sent]


def test_a_fault_of_the_packing_is_raised_and_no_image_s() -> None:
    sent = images(9, set())
    sent[4] = FetchedImage(4, "1", b"fault")
    answers: list[Packed] = []
    with PackingPool(SPEC, 2, echo, batch=2) as packing:
        with pytest.raises(OSError, match="a fault of the packing") as raised:
            answers.extend(packing.pack(sent))
        assert "in echo" in raised.value.__notes__[0]
        assert list(packing.pack(images(9, set()))) == [Record(b"%d" % n) for n in range(9)]


def test_the_pool_goes_on_after_answers_that_nobody_took() -> None:
    with PackingPool(SPEC, 2, echo, batch=2) as packing:
        assert next(iter(packing.pack(images(40, {9})))) == Record(b"0")
        assert list(packing.pack(images(9, set()))) == [Record(b"%d" % n) for n in range(9)]


def test_no_more_processes_begin_than_there_are_batches() -> None:
    with PackingPool(SPEC, 8, echo, batch=4) as packing:
        list(packing.pack(images(4, set())))
        assert len(multiprocessing.active_children()) == 1
    assert not multiprocessing.active_children()


def test_no_images_no_answers() -> None:
    with PackingPool(SPEC, 1, echo) as packing:
        assert list(packing.pack([])) == []


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_a_worker_reuses_the_memory_of_the_image_before() -> None:
    program = """
import resource
from im2rec.allocator import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        bytearray(4 << 20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

given_back = faults()
keep_freed_memory()
faults()
print(given_back, faults())
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(CONTAINERS)},
        capture_output=True,
        text=True,
        check=True,
    )
    given_back, kept = map(int, done.stdout.split())
    assert kept * 10 < given_back, done.stdout
