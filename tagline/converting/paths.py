"""What a list may call an image that another tool's file names."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from tagline.formats.spellings import plain_path
from tagline.listing.sources import BadLocation, Source

_DRIVE = re.compile(r"[A-Za-z]:/")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/{2}|data:")
_ANYWHERE = Source.unchecked()

Fault = Literal["no_path", "bad_path", "absolute_path", "web_address"]


class BadPath(ValueError):
    """A path that a list cannot have: `fault` is the code, the message says why."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(detail)
        self.fault: Fault = fault


@dataclass(frozen=True)
class Paths:
    """How paths become the list's: relative to `root`, or below the prefix `source` of S3.

    `ending` is put to names that have none, and what is no URI is put into the folder `below`.
    """

    root: str | None = None
    source: str | None = None
    ending: str | None = None
    below: str | None = None

    def clean(self, text: str) -> str:
        """Return a list's path; raises BadPath."""
        path = text if self.below else text.strip()  # below another folder a list keeps blanks
        if not path:
            raise BadPath("no_path", "the path is empty")
        slashes = path.replace("\\", "/")
        if "/" not in path or _DRIVE.match(slashes):  # as Windows writes it
            path = slashes
        if found := _SCHEME.match(path):
            path = self._below_source(path, found[1])
        elif path.startswith("/") or _DRIVE.match(path):
            path = self._below_root(path)
        path = path if path.startswith("s3://") else plain_path(path)
        if self.ending and "." not in path.rpartition("/")[2]:
            path += self.ending
        if self.below and not path.startswith("s3://"):
            path = f"{self.below}/{path}"
        if ".." in path.split("/"):
            raise BadPath(
                "bad_path", f"{path[:120]!r} leaves its folder by '..': name it from above"
            )
        try:
            _ANYWHERE.resolve(path)
        except BadLocation as exc:
            raise BadPath("bad_path", exc.detail) from exc
        return path

    def _below_source(self, path: str, scheme: str | None) -> str:
        if scheme != "s3":
            raise BadPath(
                "web_address",
                f"{path[:60]!r} is no file: download the images and name the files, or s3:// URIs",
            )
        prefix = f"{self.source.rstrip('/')}/" if self.source else None
        return path.removeprefix(prefix) if prefix else path

    def _below_root(self, path: str) -> str:
        parts = PurePosixPath(path)
        if self.root is not None:
            root = PurePosixPath(self.root.replace("\\", "/"))
            if ".." not in parts.parts and parts.is_relative_to(root):
                return str(parts.relative_to(root))
            raise BadPath("absolute_path", f"{path[:120]!r} does not lie below --root {root}")
        raise BadPath(
            "absolute_path",
            f"{path[:120]!r} begins at the root of a disk; a list's paths are relative: "
            f"--root {parts.parent} makes those below that folder so",
        )
