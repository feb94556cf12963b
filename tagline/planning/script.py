"""Whether the archive that `training: {script: s3://…}` names can run, and the run's copy of it."""

import ast
import gzip
import hashlib
import io
import tarfile
import tempfile
import zlib
from typing import IO, TYPE_CHECKING

from tagline.aws.faults import TooLarge
from tagline.aws.s3 import BINARY, Bucket
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.locations import Location, parse_uri
from tagline.formats.settings import Settings
from tagline.listing.sources import Source
from tagline.planning.handed import Handing
from tagline.settings.script import SETTING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_LARGEST, _UNPACKED = 32 << 20, 256 << 20  # bytes
_LARGEST_TEXT = 1 << 20  # bytes, of a file that is looked into
_REQUIREMENTS = "requirements.txt"


class _Unusable(ValueError):
    """The archive cannot run; the message completes `… cannot run: `."""


def take_script(
    settings: Settings, client: "S3Client", source: Source, run: RunKeys, data_bucket: str
) -> str | None:
    """Check the archive, keep a copy of it in the run's files, and return its SHA-256 (hex).

    None without `training.script`. In the data bucket it lies below `<dataset>/scripts/`, elsewhere
    in a bucket of SourceBuckets. Raises InvalidSettings before anything is packed or trained.
    """
    uri, entry = settings.training.script, settings.training.entry
    location = parse_uri(uri) if uri else None
    if location is None:
        return None
    own = Location(data_bucket, DatasetKeys(run.dataset).scripts)
    handing = Handing(client, source, own, SETTING)
    with handing.file(location, _LARGEST) as (bucket, _):
        try:
            found = bucket.find_bytes(location.key, _LARGEST)
        except TooLarge as exc:
            raise handing.refused(str(exc)) from exc
    if found is None:  # it was there a moment ago
        raise handing.refused(f"there is no file {uri} any more: copy it to {own.uri}")
    try:
        check_archive(found.content, entry)
    except _Unusable as exc:
        raise handing.refused(f"{uri} cannot run: {exc}") from exc
    Bucket(client, data_bucket).put(run.script, found.content, BINARY)
    return hashlib.sha256(found.content).hexdigest()


def check_archive(data: bytes, entry: str) -> None:
    """Raise _Unusable for bytes that are no tar.gz of a script that SageMaker's toolkit could run.

    A run's training has no network, so nothing that pip would have to fetch may be asked for.
    """
    with tempfile.TemporaryFile() as spool:
        try:
            _unpack(data, spool)
            with tarfile.open(fileobj=spool, mode="r:") as archive:
                files = {_name(member): member for member in archive if member.isfile()}
                _check_entry(archive, files, entry)
                _check_packages(archive, files)
        except (OSError, EOFError, tarfile.TarError, zlib.error) as exc:
            raise _Unusable(f"it is no tar.gz: {exc}") from exc


def _unpack(data: bytes, spool: IO[bytes]) -> None:
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        left = _UNPACKED
        while chunk := file.read(1 << 20):
            left -= len(chunk)
            if left < 0:
                raise _Unusable(f"it unpacks to more than {_UNPACKED >> 20} MiB")
            spool.write(chunk)
    spool.seek(0)


def _name(member: tarfile.TarInfo) -> str:
    return member.name.removeprefix("./")


def _check_entry(archive: tarfile.TarFile, files: dict[str, tarfile.TarInfo], entry: str) -> None:
    if entry not in files:
        there = sorted(name for name in files if name.endswith((".py", ".sh")))[:10]
        raise _Unusable(
            f"it has no file {entry} ({'it has ' + ', '.join(there) if there else 'nor any other'}"
            "): put it at the archive's top, or name another as training.entry"
        )
    if not entry.endswith(".py"):
        return
    try:
        ast.parse(_text(archive, files[entry]))
    except SyntaxError as exc:
        raise _Unusable(f"{entry} line {exc.lineno}: {exc.msg}") from exc
    except ValueError as exc:  # null bytes
        raise _Unusable(f"{entry}: {exc}") from exc


def _check_packages(archive: tarfile.TarFile, files: dict[str, tarfile.TarInfo]) -> None:
    if "setup.py" in files:
        raise _Unusable(
            "it has a setup.py, by which it would be installed, and a run's training has no "
            "network for that: leave the file out"
        )
    if _REQUIREMENTS not in files:
        return
    lines = _text(archive, files[_REQUIREMENTS]).decode(errors="replace").splitlines()
    if not any(line.strip() == "--no-index" for line in lines):
        raise _Unusable(
            f"its {_REQUIREMENTS} asks for packages, and a run's training has no network to fetch "
            "them by: put their wheels into the archive, and --no-index and --find-links <folder> "
            "into the file"
        )


def _text(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    if member.size > _LARGEST_TEXT:
        raise _Unusable(f"{_name(member)} is larger than {_LARGEST_TEXT >> 20} MiB")
    file = archive.extractfile(member)
    return file.read() if file else b""
