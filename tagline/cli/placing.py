"""Which local file is which row's image."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tagline.cli.errors import Refused
from tagline.formats.locations import fault_of_key
from tagline.formats.settings import OnConflict
from tagline.formats.spellings import normal_forms, spellings
from tagline.listing.list_file import read_rows
from tagline.listing.rows import Row
from tagline.listing.sources import Source
from tagline.listing.survey import survey_list

_SHOWN = 3
_LOOKED_AT = 1000  # missing files that others are looked for instead of


@dataclass(frozen=True)
class Placement:
    """Local files by the path that the list gives them, and the paths that have no file.

    `instead` says of the first of these which file is there.
    """

    files: dict[str, Path]
    missing: list[str]
    instead: str | None = None


def relative_paths(list_path: Path, on_conflict: OnConflict = "first_wins") -> list[str]:
    """Return the paths of a list's well-formed rows, each once, full s3:// URIs left out.

    A leading `/` is gone, as it is when a run resolves the path. Raises UnusableList.
    """
    with list_path.open("rb") as stream:
        rows = read_rows(stream, survey_list(stream), Source.unchecked(), on_conflict)
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
    depths = range(len(_common_folders(paths)) + 1)
    depth, best = max(
        ((depth, _found(paths, folder, depth)) for depth in depths), key=lambda pair: len(pair[1])
    )
    if not best:
        hint = next(filter(None, (_instead(paths[0], folder, depth) for depth in depths)), None)
        raise Refused(
            f"none of the list's {len(paths):,} images is in {folder}: the list says "
            f"{paths[0]!r}, so there should be a file {folder / paths[0]}"
            f"{f'; {hint}' if hint else ''}"
        )
    missing = [path for path in paths if path not in best]
    hints = (_instead(path, folder, depth) for path in missing[:_LOOKED_AT])
    return Placement(best, missing, next(filter(None, hints), None))


def warn_of(missing: Sequence[str], instead: str | None = None) -> str:
    """Return a sentence about files that are not there."""
    first = ", ".join(missing[:_SHOWN]) + (" …" if len(missing) > _SHOWN else "")
    return f"{len(missing):,} images have no file: {first}{f'; {instead}' if instead else ''}"


def _common_folders(paths: Sequence[str]) -> tuple[str, ...]:
    common = PurePosixPath(paths[0]).parts[:-1]
    for path in paths:
        parts = PurePosixPath(path).parts[:-1]
        while common != parts[: len(common)]:
            common = common[:-1]
    return common


def _found(paths: Sequence[str], folder: Path, depth: int) -> dict[str, Path]:
    """Return the files of the paths without their first `depth` folders.

    A name in the other Unicode normal form is the same name.
    """
    found = {}
    inside = folder.resolve()
    for path in paths:
        for form in (path, *normal_forms(path)):
            file = _file(form, folder, depth)
            # a link may lead about inside, but nothing from elsewhere is sent by it
            if file.is_file() and file.resolve().is_relative_to(inside):
                found[path] = file
                break
    return found


def _instead(path: str, folder: Path, depth: int) -> str | None:
    """Say which file is there, where a path is spelt as another tool would spell it."""
    for spelling, how in spellings(path).items():
        if fault_of_key(spelling) is None and _file(spelling, folder, depth).is_file():
            return f"the file {spelling}, which differs {how}, exists"
    return None


def _file(path: str, folder: Path, depth: int) -> Path:
    return folder.joinpath(*PurePosixPath(path.lstrip("/")).parts[depth:])
