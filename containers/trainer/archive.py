"""Files out of a model.tar.gz; only those that are asked for, so nothing of it reaches the disk."""

import tarfile
from collections.abc import Sequence
from pathlib import Path

from trainer.contract import JobRefused

_LARGEST_FILE = 2 << 30  # bytes; ONNX itself ends there


def members(archive: Path, role: str, names: Sequence[str]) -> dict[str, bytes]:
    """Return the content of files in an archive; raise JobRefused where it has not all of them."""
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(archive) as tar:
            for name in names:
                stream = tar.extractfile(_member(tar, name))
                if stream is None:
                    raise JobRefused(f"{role}: {name} in {archive} is not a file")
                files[name] = stream.read()
    except (tarfile.TarError, OSError, EOFError, KeyError) as exc:
        raise JobRefused(f"{role}: {archive} cannot be read as model.tar.gz: {exc}") from exc
    return files


def _member(tar: tarfile.TarFile, name: str) -> tarfile.TarInfo:
    for member in tar:
        if member.name.removeprefix("./") == name and member.isfile():
            if member.size > _LARGEST_FILE:
                raise tarfile.TarError(f"{name} is larger than {_LARGEST_FILE >> 30} GiB")
            return member
    raise KeyError(f"no {name} in it")
