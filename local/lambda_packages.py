"""The packages that AWS's Python runtimes come with, and no others.

Functions run with `python -S`, so that a package which merely happens to be installed beside the
laptop cloud is missing here as it would be in Lambda.
"""

import importlib.metadata
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


def runtime_folder(folder: Path) -> Path:
    """Fill `folder` with links to the runtime's packages and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _DISTRIBUTIONS:
        files = importlib.metadata.distribution(name).files or []
        tops = {file.parts[0]: file for file in files if file.parts[0] != ".."}
        for top, file in tops.items():
            link = folder / top
            target = Path(str(file.locate())).parents[len(file.parts) - 2]
            target = target if len(file.parts) > 1 else Path(str(file.locate()))
            link.unlink(missing_ok=True)
            link.symlink_to(target)
    return folder
