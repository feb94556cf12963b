"""Threads that read a kind of document for the first time, all at once."""

import subprocess
import sys

READERS = """
import sys
from threading import Barrier, Thread

import msgspec

from tagline.formats.document import Document, decode

sys.setswitchinterval(1e-6)
for _ in range(40):
    part = msgspec.defstruct("Part", [(f"p{n}", int | None, None) for n in range(20)])
    keys = [(f"k{n}", part | None, None) for n in range(20)]
    kind = msgspec.defstruct("Whole", keys, bases=(Document,), kw_only=True, frozen=True)
    together = Barrier(8)

    def read():
        together.wait()
        assert decode(b'{"k19": {"p19": 1}}', kind, "whole.json").k19.p19 == 1

    threads = [Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_threads_that_meet_a_document_first_do_not_crash() -> None:
    """msgspec works a type out at its first use, and crashes a second thread in it."""
    done = subprocess.run(
        [sys.executable, "-c", READERS], check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
