"""Which files a conversion writes, and which it leaves alone."""

from dataclasses import dataclass
from pathlib import Path

from tagline.converting.entries import Unconvertible
from tagline.converting.writing import WRITERS

LABELS = "labels.txt"
_NAMELESS = (
    "_",
    "annotations",
    "result",
    "output",
    "labels",
)  # says nothing: the folder's name does


@dataclass(frozen=True)
class Outputs:
    """The files of one conversion: `<folder>/<name>.lst` with labels.txt, or another form."""

    folder: Path
    name: str
    to: str = "list"
    force: bool = False

    @property
    def main(self) -> Path:
        """The list, or what is written instead."""
        return self.folder / f"{self.name}{WRITERS[self.to][0]}"

    @property
    def labels(self) -> Path | None:
        """The names of a list's labels."""
        return self.folder / LABELS if self.to == "list" else None

    @property
    def rejects(self) -> Path:
        """The entries that make no row, a line of JSON each."""
        return self.folder / f"{self.name}.rejects.jsonl"

    def check(self, source: Path) -> None:
        """Raise Unconvertible for a list that is there already, and for what is read itself."""
        for file in filter(None, (self.main, self.labels)):
            if file.exists() and source.exists() and file.samefile(source):
                raise Unconvertible(f"{file} is what is read: -o names another folder")
        if self.main.exists() and not self.force:
            raise _exists(self.main)

    def check_labels(self, text: bytes) -> None:
        """Raise Unconvertible for a labels.txt that is there already and says something else."""
        file = self.labels
        if self.force or file is None or not file.exists():
            return
        if file.stat().st_size != len(text) or file.read_bytes() != text:
            raise _exists(file)


def _exists(file: Path) -> Unconvertible:
    return Unconvertible(f"{file} exists: --force replaces it, -o names another folder")


def name_of(source: Path) -> str:
    """Return what a list made of a source is called."""
    whole = source.resolve()
    if source.is_dir():
        return whole.name or "designs"
    stem = whole.name.removesuffix(".gz").partition(".")[0]
    if not stem or stem.lower().startswith(_NAMELESS):
        return whole.parent.name or "designs"
    return stem
