"""Unpacking an archive: exactly the files of its manifest, and no byte more."""

import hashlib
import stat
import zipfile
import zlib
from pathlib import Path

from tagline.formats.document import UnreadableDocument, decode
from tagline.formats.edge import MANIFEST, EdgeManifest, Statement
from tagline_device.errors import UpdateRefused

MOST_FILES = 500
MOST_MANIFEST = 4 * 1024 * 1024
MOST_UNPACKED = 1024 * 1024 * 1024
_CHUNK = 1024 * 1024
_WAYS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def unpack(
    archive: Path, statement: Statement, folder: Path, most: int = MOST_UNPACKED
) -> EdgeManifest:
    """Write an archive's files, of `most` bytes, into an empty folder; return the manifest.

    Raise UpdateRefused when the archive is damaged, is not what the statement says, or holds
    anything but the files of its manifest in their sizes.
    """
    try:
        with zipfile.ZipFile(archive) as zipped:
            entries = _entries(zipped)
            manifest = _manifest(zipped, entries, statement)
            _agree(entries, manifest, most)
            for name, told in manifest.files.items():
                _write(zipped, entries[name], folder / name, told.bytes, told.sha256)
            (folder / MANIFEST).write_bytes(zipped.read(MANIFEST))
            return manifest
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as exc:
        raise UpdateRefused(f"archive: it is damaged: {exc}") from exc


def _entries(zipped: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    entries: dict[str, zipfile.ZipInfo] = {}
    for entry in zipped.infolist():
        if len(entries) >= MOST_FILES:
            raise UpdateRefused(f"archive: more than {MOST_FILES} files")
        mode = entry.external_attr >> 16
        if entry.is_dir() or (mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode)):
            raise UpdateRefused(f"archive: {entry.filename[:80]!r} is no file")
        if entry.filename in entries:
            raise UpdateRefused(f"archive: {entry.filename[:80]!r} is there twice")
        if entry.compress_type not in _WAYS or entry.flag_bits & 1:
            raise UpdateRefused(f"archive: {entry.filename[:80]!r} is packed in an unknown way")
        entries[entry.filename] = entry
    return entries


def _manifest(
    zipped: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo], statement: Statement
) -> EdgeManifest:
    entry = entries.get(MANIFEST)
    if entry is None or entry.file_size > MOST_MANIFEST:
        raise UpdateRefused(f"archive: no {MANIFEST} of at most {MOST_MANIFEST} bytes")
    try:
        manifest = decode(zipped.read(entry), EdgeManifest, MANIFEST)
    except UnreadableDocument as exc:
        raise UpdateRefused(f"archive: {exc}") from exc
    for key in ("dataset", "version"):
        found, told = getattr(manifest, key), getattr(statement, key)
        if found != told:
            raise UpdateRefused(f"archive: {MANIFEST} has {key} {found!r}; {told!r} was signed")
    return manifest


def _agree(entries: dict[str, zipfile.ZipInfo], manifest: EdgeManifest, most: int) -> None:
    """Raise UpdateRefused unless the entries are the manifest's files, in their sizes."""
    told = set(manifest.files) | {MANIFEST}
    if odd := sorted(set(entries) ^ told):
        where = "its manifest only" if odd[0] in told else "the archive only"
        raise UpdateRefused(f"archive: {odd[0][:80]!r} is in {where}")
    if manifest.model.file not in manifest.files:
        raise UpdateRefused(f"archive: the model {manifest.model.file!r} is not among its files")
    for name, file in manifest.files.items():
        if entries[name].file_size != file.bytes:
            raise UpdateRefused(
                f"archive: {name!r} has {entries[name].file_size} bytes, and {file.bytes} by the "
                "manifest"
            )
    if sum(file.bytes for file in manifest.files.values()) > most:
        raise UpdateRefused(f"archive: more than {most} bytes unpacked")


def _write(
    zipped: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, size: int, digest: str
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    found, written = hashlib.sha256(), 0
    with zipped.open(entry) as source, path.open("xb") as file:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > size:
                raise UpdateRefused(f"archive: {entry.filename!r} goes on after {size} bytes")
            found.update(chunk)
            file.write(chunk)
    if written != size or found.hexdigest() != digest:
        raise UpdateRefused(f"archive: {entry.filename!r} is not what its manifest says")
