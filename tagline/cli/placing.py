"""Which local file is which row's image."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tagline.cli.errors import Refused
from tagline.listing.list_file import read_rows
from tagline.listing.rows import Row
from tagline.listing.sources import Source
from tagline.listing.survey import survey_list

_SHOWN = 3


@dataclass(frozen=True)
class Placement:
    """Local files by the path that the list gives them, and the paths that have no file."""

    files: dict[str, Path]
    missing: list[str]


def relative_paths(list_path: Path) -> list[str]:
    """Return the paths of a list's well-formed rows, each once, full s3:// URIs left out.

    A leading `/` is gone, as it is when a run resolves the path. Raises UnusableList.
    """
    with list_path.open("rb") as stream:
        rows = read_rows(stream, survey_list(stream), Source.unchecked())
        found = {row.key: None for row in rows if isinstance(row, Row) and not row.bucket}
    return list(found)


def place(paths: Sequence[str], folder: Path) -> Placement:
    """Find each path's file in `folder`.

    The folder may hold the paths as they are (`images/a.png` below it), or be itself the folder
    that they all begin with (`a.png` below it). Of these the reading that finds most files counts.
    Links that lead out of the folder are not followed.
    Raises Refused when no file is found.
    """
    if not paths:
        raise Refused("the list has no paths relative to the dataset: leave --images out")
    best = max(
        (_found(paths, folder, depth) for depth in range(len(_common_folders(paths)) + 1)),
        key=len,
    )
    if not best:
        raise Refused(
            f"none of the list's {len(paths):,} images is in {folder}: the list says "
            f"{paths[0]!r}, so there should be a file {folder / paths[0]}"
        )
    return Placement(best, [path for path in paths if path not in best])


def warn_of(missing: Sequence[str]) -> str:
    """Return a sentence about files that are not there."""
    first = ", ".join(missing[:_SHOWN])
    return f"{len(missing):,} images have no file: {first}{' …' if len(missing) > _SHOWN else ''}"


def _common_folders(paths: Sequence[str]) -> tuple[str, ...]:
    common = PurePosixPath(paths[0]).parts[:-1]
    for path in paths:
        parts = PurePosixPath(path).parts[:-1]
        while common != parts[: len(common)]:
            common = common[:-1]
    return common


def _found(paths: Sequence[str], folder: Path, depth: int) -> dict[str, Path]:
    """Return the files of the paths without their first `depth` folders."""
    found = {}
    inside = folder.resolve()
    for path in paths:
        file = folder.joinpath(*PurePosixPath(path).parts[depth:])
        # a link may lead about inside, but nothing from elsewhere is sent by it
        if file.is_file() and file.resolve().is_relative_to(inside):
            found[path] = file
    return found
