"""Which images a person means: files and s3:// URIs as named, and all that lie in folders."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_ENDINGS = (".png", ".jpg", ".jpeg", ".webp")


@dataclass(frozen=True)
class Found:
    """A file or an s3:// URI; `fault` says why it is known to be no image that can be read."""

    image: str
    fault: str | None = None


@dataclass
class Finds:
    """What was found, folders in the order of their names; `others` counts files left out."""

    images: list[Found] = field(default_factory=list)
    others: int = 0
    folders: int = 0


def find_images(named: Sequence[str]) -> Finds:
    """Return the images of files, s3:// URIs and folders.

    Of a folder that is every file, however deep, whose name ends as an image's; links to folders
    are not followed and names that begin with a dot are passed over. A folder that cannot be read
    is a find with a fault.
    """
    finds = Finds()
    for name in named:
        if "://" in name or not Path(name).is_dir():
            finds.images.append(Found(name))
        else:
            finds.folders += 1
            finds.images += _within(name, finds)
    return finds


def _within(folder: str, finds: Finds) -> Iterator[Found]:
    try:
        with os.scandir(folder) as scan:
            entries = sorted(scan, key=lambda entry: entry.name)
    except OSError as exc:
        yield Found(folder, f"the folder cannot be read: {exc.strerror}")
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _within(entry.path, finds)
        elif entry.name.lower().endswith(_ENDINGS) and _may_be_read(entry):
            yield Found(entry.path)
        else:
            finds.others += 1


def _may_be_read(entry: "os.DirEntry[str]") -> bool:
    """Return whether it is a file, or a link that leads nowhere, which its verdict tells."""
    return entry.is_file() or (entry.is_symlink() and not Path(entry.path).exists())
