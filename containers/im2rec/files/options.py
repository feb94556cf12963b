"""The options of MXNet's im2rec.py, with two of our own."""

import argparse
import os
import re
from dataclasses import dataclass
from pathlib import Path

from tagline.formats.arguments import Arguments

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_BEST_JPEG = 100
_MOST_WORKERS = 256


@dataclass(frozen=True)
class Options:
    """What was asked for; `prefix` and `root` are absolute."""

    prefix: Path
    root: Path
    list: bool
    exts: tuple[str, ...]
    chunks: int
    train_ratio: float
    test_ratio: float
    recursive: bool
    shuffle: bool
    pass_through: bool
    resize: int
    center_crop: bool
    quality: int
    num_thread: int
    color: int
    encoding: str
    pack_label: bool
    background: str
    tolerance: float


def read_options(arguments: list[str]) -> Options:
    """Return the options; print the usage and exit with 2 when they make no sense."""
    parser = _parser()
    given = vars(parser.parse_args(arguments))
    options = Options(
        **given
        | {
            "prefix": Path(os.path.abspath(given["prefix"])),  # noqa: PTH100 - keeps symlinks
            "root": Path(os.path.abspath(given["root"])),  # noqa: PTH100
            "exts": tuple(ext.lower() for ext in given["exts"]),
            "train_ratio": given.get("train_ratio", 1 - given["test_ratio"]),
            "num_thread": given["num_thread"] or 1,
        }
    )
    wrong = _wrong(options)
    if wrong:
        parser.error(wrong)
    return options


def _wrong(options: Options) -> str | None:
    shares = (options.train_ratio, options.test_ratio)
    checks = (
        (options.root.is_dir(), f"ROOT: {options.root} is no folder"),
        (options.chunks >= 1, "--chunks: at least 1"),
        (1 <= options.num_thread <= _MOST_WORKERS, f"--num-thread: 0 … {_MOST_WORKERS}"),
        (options.resize >= 0, "--resize: 0 keeps the size, or the shorter side in pixels"),
        (0 <= options.quality <= _BEST_JPEG, "--quality: 0 … 100, for .png 0 … 9"),
        (all(0 <= share <= 1 for share in shares), "--train-ratio, --test-ratio: 0 … 1"),
        (sum(shares) <= 1 + 1e-9, "--train-ratio and --test-ratio: at most 1 together"),
        (0 <= options.tolerance <= 1, "--tolerance: a share, 0 … 1"),
        (_COLOUR.fullmatch(options.background), "--background: a colour like #ffffff"),
    )
    return next((sentence for right, sentence in checks if not right), None)


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(
        prog="tagline im2rec",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        description="Make a list of images, or pack the images of lists into record files.",
    )
    add = parser.add_argument
    add("prefix", help="<prefix>.lst is written or read; <prefix>.rec and .idx are written")
    add("root", help="folder that the list's paths start from")
    group = parser.add_argument_group("making a list")
    add = group.add_argument
    add("--list", action="store_true", help="make a list instead of packing one")
    add("--exts", nargs="+", default=[".jpeg", ".jpg", ".png"], help="endings of image files")
    add("--chunks", type=int, default=1, help="how many lists to make")
    add("--train-ratio", type=float, default=argparse.SUPPRESS,
        help="share of the images for training (default: the rest)")  # fmt: skip
    add("--test-ratio", type=float, default=0.0, help="share of the images for testing")
    add("--recursive", action="store_true", help="all folders below, each a label of its own")
    add("--no-shuffle", dest="shuffle", action="store_false", help="keep the files' order")
    group = parser.add_argument_group("packing")
    add = group.add_argument
    add("--pass-through", action="store_true", help="pack the files' own bytes, checked")
    add("--resize", type=int, default=0, help="pixels of the shorter side; 0 keeps the size")
    add("--center-crop", action="store_true", help="take the centre square")
    add("--quality", type=int, default=95, help="JPEG quality 0-100, or PNG compression 0-9")
    add(
        "--num-thread", type=int, default=1, help="worker processes, 0 as 1; the bytes are the same"
    )
    add("--color", type=int, default=1, choices=[-1, 0, 1],
        help="1 colour, 0 grey, -1 colour with the alpha kept (.png)")  # fmt: skip
    add("--encoding", default=".jpg", choices=[".jpg", ".png"], help="format of the records")
    add("--pack-label", action="store_true", help="pack all labels of a row, not the first alone")
    add("--background", default="#ffffff", help="what lies behind transparency")
    add("--tolerance", type=float, default=0.0, help="share of rejected rows that is no failure")
    return parser
