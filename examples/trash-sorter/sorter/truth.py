"""What a film shows and when, kept beside it as JSON."""

from pathlib import Path

import msgspec


class Shown(msgspec.Struct, frozen=True):
    """An item in the middle of frames `first` to before `after`."""

    label: str
    code: str
    first: int
    after: int


class FilmTruth(msgspec.Struct, frozen=True):
    """A film's frames, and which of them show what."""

    fps: int
    frames: int
    shown: tuple[Shown, ...]


def write_truth(film: Path, truth: FilmTruth) -> None:
    """Write what a film shows beside it."""
    film.with_suffix(".json").write_bytes(msgspec.json.encode(truth))


def read_truth(film: Path) -> FilmTruth:
    """Return what a film shows, as it lies beside it."""
    return msgspec.json.decode(film.with_suffix(".json").read_bytes(), type=FilmTruth)
