"""The files of a folder, however deep, in an order that does not change."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

IMAGES = frozenset({".png", ".jpg", ".jpeg", ".webp"})
OTHER_IMAGES = frozenset({".gif", ".bmp", ".tif", ".tiff", ".heic", ".avif", ".svg", ".psd"})
SPLITS = frozenset({"train", "training", "valid", "validation", "val", "test"})


class Found(NamedTuple):
    """A file of a folder: its path below it, with slashes, and whether its name is an image's."""

    path: str
    ending: str

    @property
    def is_image(self) -> bool:
        """Whether it is a PNG, JPEG or WebP by its name."""
        return self.ending in IMAGES


def files_in(folder: Path) -> Iterator[Found]:
    """Yield the files below a folder; hidden ones, and links to other folders, are passed over."""
    for at, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        below = Path(at).relative_to(folder)
        for name in sorted(names):
            if not name.startswith("."):
                yield Found((below / name).as_posix(), Path(name).suffix.lower())


def parts_of(folder: Path) -> list[Path]:
    """Return the folders right below a folder, by name; hidden ones are passed over."""
    found = (each for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))
    return sorted(found, key=lambda each: each.name)
