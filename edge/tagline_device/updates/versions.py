"""The versions on a device's disk, and which of them runs.

`versions/<version>/` is complete whenever it is there; `current` and `previous` are symbolic links
to two of them, replaced at one moment. What is half done has a name with a dot in front.
"""

import shutil
from pathlib import Path

from tagline.formats.edge_keys import VERSION, version_order
from tagline_device.disk import point, sync_folder, sync_tree

STATEMENT = "statement.json"


class Versions:
    """The versions below a state folder, which is made where it is missing."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self._folder = state / "versions"
        self._folder.mkdir(parents=True, exist_ok=True)

    @property
    def current(self) -> str | None:
        """Return which version runs, or is to."""
        return self._pointed("current")

    @property
    def previous(self) -> str | None:
        """Return the one that ran before."""
        return self._pointed("previous")

    @property
    def installed(self) -> list[str]:
        """Return all that are there, the newest first."""
        names = [path.name for path in self._folder.iterdir() if VERSION.fullmatch(path.name)]
        return sorted(names, key=version_order, reverse=True)

    def folder(self, version: str) -> Path:
        """Return where a version lies, or would."""
        return self._folder / version

    def statement(self, version: str) -> str | None:
        """Return what was signed of a version, or None where it is not installed."""
        path = self.folder(version) / STATEMENT
        return path.read_text() if path.is_file() else None

    def incoming(self, name: str) -> Path:
        """Return a path for what is half done."""
        return self._folder / f".{name}"

    def emptied(self, name: str) -> Path:
        """Return an empty folder for what is half done."""
        folder = self.incoming(name)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def place(self, folder: Path, version: str, statement: str) -> Path:
        """Put a complete folder where the version belongs, for good; return where that is."""
        (folder / STATEMENT).write_text(statement)
        sync_tree(folder)
        place = self.folder(version)
        if place.exists():  # of an attempt that was ended before it switched
            shutil.rmtree(place)
        folder.rename(place)
        sync_folder(self._folder)
        return place

    def switch(self, version: str) -> None:
        """Let a version be the current one from now on; the one before is kept for going back."""
        before = self.current
        if before is not None and before != version:
            point(self.state / "previous", f"versions/{before}")
        point(self.state / "current", f"versions/{version}")

    def prune(self) -> None:
        """Delete what is neither the current nor the previous version, nor half fetched."""
        keep = {self.current, self.previous}
        for version in self.installed:
            if version not in keep:
                shutil.rmtree(self.folder(version))

    def forget_half_done(self, keep: Path | None = None) -> None:
        """Delete what updates left behind when they were ended, but for one file."""
        for path in self._folder.glob(".*"):
            if path.is_dir():
                shutil.rmtree(path)
            elif path != keep:
                path.unlink()

    def candidates(self) -> list[str]:
        """Return which versions to try at the start: current, previous, then any, newest first."""
        pointed = [self.current, self.previous]
        ordered = [version for version in pointed if version is not None] + self.installed
        return list(dict.fromkeys(ordered))

    def _pointed(self, name: str) -> str | None:
        link = self.state / name
        if not link.is_symlink():
            return None
        version = link.readlink().name
        return version if self.folder(version).is_dir() else None
