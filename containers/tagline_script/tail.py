"""The end of what a process and its children write to standard error, which goes where it went.

The toolkit can keep it, too, but breaks lines where its reads happen to end: in the log, by which
metrics are found, and in the failure that people are told.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2
_KEPT = 64 << 10  # bytes
_PATIENCE = 5.0  # seconds for what is left in the pipe, should a child of the script live on
_TOLD = 700  # characters; SageMaker shows 1,024, with what ended and how
_BEGINS = "Traceback (most recent call last):"


class Tail:
    """What was written last."""

    def __init__(self) -> None:
        self._kept = b""

    def add(self, data: bytes) -> None:
        """Keep what was written."""
        self._kept = (self._kept + data)[-_KEPT:]

    @property
    def told(self) -> str:
        """The last exception with its traceback, else the last lines; its end where it is long."""
        text = self._kept.decode(errors="replace").strip()
        text = text[max(0, text.rfind(_BEGINS)) :]
        return text if len(text) <= _TOLD else f"…{text[1 - _TOLD :]}"


@contextmanager
def tail_of_stderr() -> Iterator[Tail]:
    """Keep the end of what is written to standard error within the block."""
    tail, (reading, writing) = Tail(), os.pipe()
    before = os.dup(_STDERR)
    os.dup2(writing, _STDERR)
    os.close(writing)

    def pass_on() -> None:
        with os.fdopen(reading, "rb", buffering=0) as pipe:
            while data := pipe.read(_KEPT):
                tail.add(data)
                os.write(before, data)

    thread = threading.Thread(target=pass_on, daemon=True)
    thread.start()
    try:
        yield tail
    finally:
        os.dup2(before, _STDERR)  # the pipe ends with the last child that writes to it
        thread.join(_PATIENCE)
