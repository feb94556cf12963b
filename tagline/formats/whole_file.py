"""Files that are there when they are whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def replaced(path: Path) -> Iterator[IO[bytes]]:
    """Write a file that is there when it is whole, in place of an older one; else nothing is."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with _opened(draft, path) as file:
            yield file
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _opened(draft: Path, path: Path) -> IO[bytes]:
    """Open the draft; where that fails, people are told of the file that they named."""
    try:
        return draft.open("wb")
    except OSError as exc:
        raise OSError(exc.errno, exc.strerror, str(path)) from exc
