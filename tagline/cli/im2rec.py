"""`tagline im2rec`: MXNet's im2rec, by the code that packs for training."""

import os

import typer

from tagline.cli.places import ROOT, tool

SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def im2rec(arguments: typer.Context) -> None:
    """Pack a folder and a list into .rec and .idx, or list a folder: MXNet's im2rec options."""
    python = str(tool("im2rec", "python"))
    paths = [str(ROOT), str(ROOT / "containers"), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    # takes this process's place: signals, exit code and memory are the packing's own
    os.execve(python, [python, "-m", "im2rec.files", *arguments.args], environment)  # noqa: S606
