"""Writing so that a power cut leaves the old or the new, and nothing between."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tagline_device.errors import Refused


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Be the only one who works in a folder; raise Refused where another process does.

    A process that is killed lets go.
    """
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise Refused(f"{folder}: a tagline-device runs there; stop it first") from exc
        yield


def sync_folder(folder: Path) -> None:
    """Make a folder's entries last: renaming alone does not."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """Make every file below a folder last, and then the folders."""
    for path in sorted(folder.rglob("*"), reverse=True):  # what lies within comes first
        if path.is_dir():
            sync_folder(path)
        else:
            with path.open("rb") as file:
                os.fsync(file.fileno())
    sync_folder(folder)


def point(link: Path, target: str) -> None:
    """Let a symbolic link lead to `target`, at one moment, for good."""
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)
    sync_folder(link.parent)
