"""Emoji artwork: fetched by npm, checked, kept outside git, and rendered.

No artwork lies in the repository. A set's package holds its drawings as SVG by name and the code
points of the names; its licence is its vendor's.
"""

import json
import subprocess
import tarfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import resvg_py

from sorter.pictures import Picture

SIDE = 320  # pixels of a rendered emoji
_FILES = ("icons.json", "chars.json")
_EMOJI_STYLE = "-fe0f"  # a variation selector, which some code points carry
_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'width="{side}" height="{side}" viewBox="0 0 {width} {height}">{body}</svg>'
)


class NoArtwork(Exception):
    """Artwork cannot be had, or is not what it should be; the message says which and why."""


@dataclass(frozen=True)
class Package:
    """An npm package with one vendor's emoji: which version, what its archive must be, whose."""

    package: str
    version: str
    sha256: str
    licence: str
    title: str


SETS = {
    "noto": Package(
        "@iconify-json/noto",
        "1.2.9",
        "3e918d88fc945c0bb3d468dbace6f88caef67f01c9f0e7bcae0915a042e8f1ad",
        "Apache-2.0",
        "Noto Emoji, Google",
    ),
    "twemoji": Package(
        "@iconify-json/twemoji",
        "1.2.5",
        "19046dff7d8707ce96212ec86468b36ac5f8e60409629dd13f809265c6d0ebb7",
        "CC-BY-4.0",
        "Twemoji, Twitter and contributors",
    ),
    "fluent": Package(
        "@iconify-json/fluent-emoji-flat",
        "1.2.6",
        "7d064769dee690815f823bc5bcc511d957198caf9f5edd8dd9c1aa48a6aeb175",
        "MIT",
        "Fluent Emoji, Microsoft",
    ),
}


class FetchedArtwork:
    """The emoji of one of SETS."""

    def __init__(self, folder: Path) -> None:
        """Read what `fetch` left in a folder."""
        self._icons = json.loads((folder / "icons.json").read_text())
        self._names = json.loads((folder / "chars.json").read_text())
        self._rendered: dict[str, Picture] = {}

    def picture(self, code: str) -> Picture:
        """Return an emoji by its code point; raises NoArtwork where the set has none."""
        if code not in self._rendered:
            self._rendered[code] = self._render(code)
        return self._rendered[code]

    def _render(self, code: str) -> Picture:
        name = self._names.get(code) or self._names.get(code + _EMOJI_STYLE)
        icon = self._icons["icons"].get(name)
        if icon is None:
            raise NoArtwork(f"{self._icons['prefix']} has no emoji {code}")
        width = icon.get("width", self._icons.get("width", 16))
        height = icon.get("height", self._icons.get("height", 16))
        svg = _SVG.format(side=SIDE, width=width, height=height, body=icon["body"])
        data = np.frombuffer(resvg_py.svg_to_bytes(svg_string=svg), np.uint8)
        picture = np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.float32) / np.float32(255)
        picture[..., :3] *= picture[..., 3:]
        return picture


def fetch(name: str, cache: Path) -> FetchedArtwork:
    """Return a set of SETS, from the cache or from npm's registry as npm is configured.

    Raises NoArtwork where npm is missing, the registry does not answer, or an archive differs.
    """
    wanted = SETS[name]
    folder = cache / f"{name}-{wanted.version}-{wanted.sha256[:12]}"
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=cache) as scratch:
            unpacked = Path(scratch, "unpacked")
            unpacked.mkdir()
            _unpack(_packed(wanted, Path(scratch)), unpacked)
            unpacked.rename(folder)
    return FetchedArtwork(folder)


def _packed(wanted: Package, folder: Path) -> Path:
    asked = f"{wanted.package}@{wanted.version}"
    command = ["npm", "pack", "--silent", "--pack-destination", str(folder), asked]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    except FileNotFoundError as exc:
        raise NoArtwork(f"{asked}: npm is not installed") from exc
    except subprocess.TimeoutExpired as exc:
        raise NoArtwork(f"{asked}: npm's registry did not answer within 120 s") from exc
    except subprocess.CalledProcessError as exc:
        said = exc.stderr.strip() or f"npm pack ended with {exc.returncode}"
        raise NoArtwork(f"{asked}: {said}") from exc
    (archive,) = folder.glob("*.tgz")
    found = sha256(archive.read_bytes()).hexdigest()
    if found != wanted.sha256:
        raise NoArtwork(f"{asked}: the archive's SHA-256 is {found}, not {wanted.sha256}")
    return archive


def _unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as tar:
        for name in _FILES:
            member = tar.extractfile(f"package/{name}")
            if member is None:
                raise NoArtwork(f"{archive.name} has no file {name}")
            (folder / name).write_bytes(member.read())
