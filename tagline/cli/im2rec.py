"""`tagline im2rec`: MXNet's im2rec, by the code that packs for training.

Loads nothing that the packing does not use: it is started once a folder.
"""

import os
from collections.abc import Sequence
from typing import NoReturn

from tagline.cli.environments import ROOT, tool


def im2rec(arguments: Sequence[str]) -> NoReturn:
    """Become the packing with these arguments; raises Refused when its environment is missing."""
    python = str(tool("im2rec", "python"))
    paths = [str(ROOT), str(ROOT / "containers"), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    # takes this process's place: signals, exit code and memory are the packing's own
    os.execve(python, [python, "-m", "im2rec.files", *arguments], environment)  # noqa: S606
