"""State files that neither a crash nor damage takes away: written whole, and twice.

Each file has a copy beside it, written after it and read where the file is not what it should be.
"""

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

COPY = ".copy"
DAMAGED = ".damaged"
_T = TypeVar("_T")
logger = logging.getLogger("local.durable")


class Damaged(RuntimeError):
    """A state file and its copy say nothing that can be used; the message says what to do."""


def write(file: Path, text: str) -> None:
    """Replace a file and then its copy, each in one step that a crash cannot halve."""
    _replace(file, text)
    _replace(_copy(file), text)


def read(file: Path, parse: Callable[[str], _T]) -> _T | None:
    """Return what `parse` makes of a file, or None where there never was one.

    `parse` raises ValueError, TypeError or KeyError for a text that is not what was written; the
    copy is then put in the file's place, with a warning. Raises Damaged when it is no better.
    """
    reason = "it is missing"
    try:
        if file.exists():
            return parse(file.read_text(encoding="utf-8"))
        if not _copy(file).exists():
            return None
    except (ValueError, TypeError, KeyError) as exc:
        reason = f"{type(exc).__name__}: {exc}"
    try:
        text = _copy(file).read_text(encoding="utf-8")
        found = parse(text)
    except (OSError, ValueError, TypeError, KeyError) as exc:
        raise Damaged(
            f"{file} is damaged ({reason}), and its copy {_copy(file).name} cannot be used either "
            f"({type(exc).__name__}: {exc}): put a good copy in its place, or start empty with "
            "`tagline up --fresh`"
        ) from exc
    if file.exists():
        file.replace(file.with_name(f"{file.name}{DAMAGED}"))
    _replace(file, text)
    logger.warning(
        "%s is damaged (%s): its copy was taken, the damaged one kept as *%s", file, reason, DAMAGED
    )
    return found


def _copy(file: Path) -> Path:
    return file.with_name(f"{file.name}{COPY}")


def _replace(file: Path, text: str) -> None:
    draft = file.with_name(f"{file.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        with draft.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(file)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
