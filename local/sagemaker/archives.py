"""Folders to `.tar.gz` files and back."""

import tarfile
from pathlib import Path

LARGEST_MODEL = 20 * 2**30  # bytes when unpacked
MOST_MEMBERS = 100_000


class UnusableArchive(ValueError):
    """The archive is broken, too large, or holds something that must not be unpacked."""


def pack(folder: Path, file: Path) -> None:
    """Write everything in `folder` to a gzip-compressed tar file, names relative to it."""
    with tarfile.open(file, "w:gz", compresslevel=6) as archive:
        for item in sorted(folder.iterdir()):
            archive.add(item, arcname=item.name)


def unpack(file: Path, folder: Path) -> None:
    """Unpack a `.tar.gz` into `folder`; raises UnusableArchive for one that is not safe.

    Names that leave the folder, links out of it, devices, more than MOST_MEMBERS members or
    LARGEST_MODEL bytes are refused.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(file, "r:gz") as archive:
            size = 0
            for count, member in enumerate(archive, 1):
                size += member.size
                if count > MOST_MEMBERS or size > LARGEST_MODEL:
                    raise UnusableArchive(
                        f"{file.name} has more than {MOST_MEMBERS} members or "
                        f"{LARGEST_MODEL} bytes when unpacked"
                    )
                archive.extract(member, folder, filter="data")
    except (tarfile.TarError, EOFError, OSError) as exc:
        raise UnusableArchive(f"{file.name} cannot be unpacked as .tar.gz: {exc}") from exc
