"""What a run would make of local images, for `tagline check --images`; the packing itself looks."""

import os
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tagline.cli.environments import ROOT, tool
from tagline.cli.errors import Refused
from tagline.cli.placing import place, relative_paths, warn_of
from tagline.formats.document import decode_record
from tagline.formats.pictures import BackgroundChoice, LostCounts, NearCopies, vanished_said
from tagline.formats.reasons import MEANING, Reason
from tagline.formats.rows import Lost, Verdict
from tagline.formats.settings import ImageSettings, ImageSpec, OnConflict, Settings
from tagline.formats.tasks import AskedTask

_SHOWN = 3


@dataclass(frozen=True)
class PicturesReport:
    """What is said of the images in a folder that a list names.

    `missing` paths have no file; `rejected` counts images by reason, `first` holds sentences about
    the first of each; the rest is as dataset.json would have it, but for the split.
    """

    images: int
    missing: int
    rejected: dict[str, int]
    first: list[str]
    lost: LostCounts
    near_copies: NearCopies
    background: BackgroundChoice | None
    said: list[str]


@dataclass(frozen=True)
class Looked:
    """What was found of each image: its file by the list's path, and the verdicts in that order.

    `image` has the background that was chosen, where the settings leave it to be.
    """

    files: Mapping[str, Path]
    missing: Sequence[str]
    verdicts: Sequence[Verdict]
    image: ImageSpec
    on_conflict: OnConflict
    task: AskedTask = "auto"

    def unusable(self) -> dict[str, tuple[Reason, str]]:
        """Return why a run would reject images, by the list's paths."""
        found = {
            path: (verdict.reason, verdict.detail or MEANING[verdict.reason])
            for path, verdict in zip(self.files, self.verdicts, strict=True)
            if verdict.reason is not None
        }
        gone = (Reason.MISSING_OBJECT, "the folder has no such file")
        return found | dict.fromkeys(self.missing, gone)


def look_at_pictures(
    list_path: Path, folder: Path, settings: Settings
) -> tuple[PicturesReport, Looked]:
    """Decode a list's images in a folder as packing would; raises Refused when none is there."""
    placed = place(relative_paths(list_path, settings.on_conflict), folder)
    paths = dict(enumerate(placed.files, 1))
    told = ask_im2rec("im2rec.look", settings.image, map(str, placed.files.values()))
    choice = msgspec.json.decode(told[0], type=BackgroundChoice | None)
    verdicts = [decode_record(line, Verdict, "im2rec.look") for line in told[1:]]
    rejected = [verdict for verdict in verdicts if verdict.reason]
    lost = Counter(verdict.lost for verdict in verdicts)
    counts = LostCounts(one_colour=lost[Lost.ONE_COLOUR], transparent=lost[Lost.TRANSPARENT])
    groups = Counter(verdict.copy_of for verdict in verdicts if verdict.copy_of)
    near = NearCopies(images=groups.total() + len(groups), groups=len(groups))
    image = settings.image.on(choice.colour if choice else settings.image.background)
    accepted = len(verdicts) - len(rejected)
    said = vanished_said(counts, near, accepted, image, chosen=choice is not None)
    said += [f"{paths[group]}: {n + 1} near-copies" for group, n in groups.most_common(_SHOWN)]
    if placed.missing:
        said.append(warn_of(placed.missing, placed.instead))
    report = PicturesReport(
        images=len(verdicts),
        missing=len(placed.missing),
        rejected=dict(Counter(str(verdict.reason) for verdict in rejected).most_common()),
        first=[f"{paths[v.line]}: {v.reason}: {v.detail}" for v in rejected[:_SHOWN]],
        lost=counts,
        near_copies=near,
        background=choice,
        said=said,
    )
    looked = Looked(
        placed.files, placed.missing, verdicts, image, settings.on_conflict, settings.task
    )
    return report, looked


def ask_im2rec(module: str, image: ImageSettings, files: Iterable[str]) -> list[bytes]:
    """Have a module of im2rec's environment look at files; return the lines of its answer."""
    lines = [msgspec.json.encode(image)]
    lines += [msgspec.json.encode(pair) for pair in enumerate(files, 1)]
    paths = os.pathsep.join((str(ROOT), str(ROOT / "containers")))
    done = subprocess.run(
        [tool("im2rec", "python"), "-m", module],
        input=b"\n".join(lines) + b"\n",
        env=os.environ | {"PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        raise Refused("the images could not be looked at")
    return done.stdout.splitlines()
