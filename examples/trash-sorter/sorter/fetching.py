"""Emoji artwork: fetched by npm, as npm is configured, checked, and kept outside git.

No artwork lies in the repository. A set's package holds its drawings as SVG by name, and the names'
code points; its licence is its vendor's.
"""

import subprocess
import tarfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

_FILES = ("icons.json", "chars.json")


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


def fetch(name: str, cache: Path) -> Path:
    """Return the folder of a set of SETS: from the cache, or from npm's registry.

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
    return folder


def _packed(wanted: Package, folder: Path) -> Path:
    asked = f"{wanted.package}@{wanted.version}"
    command = ["npm", "pack", "--loglevel=error", "--pack-destination", str(folder), asked]
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
