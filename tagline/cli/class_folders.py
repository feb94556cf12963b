"""`tagline drop DATASET --images FOLDER` without a list: a folder per class makes one."""

import shlex
from pathlib import Path

from tagline.cli.convert import show
from tagline.cli.errors import Refused
from tagline.cli.output import explain, say
from tagline.converting.convert import Order, convert
from tagline.converting.entries import Asked, Unconvertible
from tagline.converting.outputs import Outputs
from tagline.converting.paths import Paths
from tagline.converting.walking import SPLITS, files_in, parts_of

_BELOW = "images"  # of the dataset's prefix: no class lies where the flow looks for lists
_MOST = 10  # folders that are named


def list_of_folders(dataset: str, folder: Path) -> tuple[Path, Path]:
    """Write a list and labels.txt of a folder's classes beside it; return where they lie.

    Every file below a class's folder is of that class, however deep. What an earlier call wrote
    there is replaced. Raises Refused for fewer than two classes.
    """
    whole = folder.resolve()
    outputs = Outputs(whole.with_name(f"{whole.name}.list"), dataset, force=True)
    order = Order(folder, outputs, "folders", Asked(paths=Paths(below=_BELOW)), tolerance=1.0)
    try:
        made = convert(order)
    except Unconvertible as exc:
        raise Refused(
            f"{exc}. Without a LIST the folder of --images holds a folder of PNG, JPEG or WebP "
            "images for each class"
        ) from exc
    if len(made.tags) < 2:  # noqa: PLR2004 - one and another
        declined = [
            f"; {first[0].path!r}: {first[0].detail}" for first in made.verdicts.first.values()
        ]
        raise Refused(
            f"{folder}: all images are of one class, {next(iter(made.tags))!r}: there has to be "
            f"another folder, with images of another class{''.join(declined)}"
        )
    show(made, explain)
    if empty := _without_images(folder):
        more = f" and {len(empty) - _MOST} more" if len(empty) > _MOST else ""
        say(f"no label of folders without images: {', '.join(empty[:_MOST])}{more}", style="yellow")
    say(f"the list is {shlex.quote(str(outputs.main))}, its names are {outputs.labels}")
    return outputs.main, outputs.folder / "labels.txt"


def _without_images(folder: Path) -> list[str]:
    parts = parts_of(folder)
    if all(part.name.lower() in SPLITS for part in parts):
        return []
    return [part.name for part in parts if not any(found.is_image for found in files_in(part))]
