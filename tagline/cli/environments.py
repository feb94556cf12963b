"""The environments of a checkout."""

from pathlib import Path

import tagline
from tagline.cli.errors import Refused

ROOT = Path(tagline.__file__).resolve().parents[1]


def tool(environment: str, name: str) -> Path:
    """Return an executable of one of the environments, or say how to make them."""
    path = ROOT / ".venvs" / environment / "bin" / name
    if not path.is_file():
        raise Refused(f"{path} is missing: run `make install` in {ROOT}")
    return path
