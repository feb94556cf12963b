"""The packages that AWS's Python runtimes come with, and no others.

Functions run with `python -S`, so that a package which merely happens to be installed beside the
laptop cloud is missing here as it would be in Lambda.
"""

import importlib.metadata
from collections.abc import Iterable
from pathlib import Path

_DISTRIBUTIONS = (
    "awslambdaric",
    "simplejson",
    "snapshot-restore-py",
    "boto3",
    "botocore",
    "s3transfer",
    "jmespath",
    "python-dateutil",
    "six",
    "urllib3",
)

# What a layer holds compiled for Lambda's Python: each comes in the same version, compiled for the
# Python that functions run on here.
_COMPILED = ("msgspec",)


def runtime_folder(folder: Path) -> Path:
    """Fill `folder` with links to the runtime's packages and return it."""
    return _linked(folder, _DISTRIBUTIONS)


def compiled_folders(folder: Path) -> dict[str, Path]:
    """Return a folder with links to each compiled package, by the package's name."""
    return {name: _linked(folder / name, (name,)) for name in _COMPILED}


def _linked(folder: Path, distributions: Iterable[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in distributions:
        files = importlib.metadata.distribution(name).files or []
        tops = {file.parts[0]: file for file in files if file.parts[0] != ".."}
        for top, file in tops.items():
            link = folder / top
            target = Path(str(file.locate())).parents[len(file.parts) - 2]
            target = target if len(file.parts) > 1 else Path(str(file.locate()))
            link.unlink(missing_ok=True)
            link.symlink_to(target)
    return folder
