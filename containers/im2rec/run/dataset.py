"""dataset.json: what training, evaluation and people may rely on about a packed dataset."""

import platform
from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest

import cv2
import numpy as np

import tagline
from im2rec.run.background import settled
from tagline.formats.image_index import PACKING
from tagline.formats.packed import BySide, Digests, PackedDataset, RecordFiles, Versions
from tagline.formats.pictures import BackgroundChoice, LostCounts, NearCopies
from tagline.formats.plan import Plan
from tagline.formats.rows import Lost, Side, Verdict, count_rejects


def describe(
    plan: Plan,
    files: RecordFiles,
    verdicts: Sequence[Verdict],
    choice: BackgroundChoice | None,
    moved: int = 0,
) -> PackedDataset:
    """Return dataset.json; its counts are those of the record files themselves.

    What is lost, and what are near-copies, is told by the verdicts on the list's rows.
    """
    lost = Counter(verdict.lost for verdict in verdicts)
    accepted = sum(files[side].images for side in Side)
    counts = zip_longest(*(files[side].positives for side in Side), fillvalue=0)
    return PackedDataset(
        run=plan.run,
        packing=PACKING,
        fingerprint=plan.fingerprint,
        rows=plan.rows,
        accepted=accepted,
        rejected=plan.rows - accepted,
        reused=plan.reused,
        fetched=accepted - plan.reused,
        lost=LostCounts(one_colour=lost[Lost.ONE_COLOUR], transparent=lost[Lost.TRANSPARENT]),
        near_copies=_near_copies(verdicts, moved),
        train=files.train.images,
        validation=files.validation.images,
        test=files.test.images,
        labels=plan.labels,
        task=plan.task,
        positives={
            label: BySide(**dict(zip(Side, by_side, strict=True)))
            for label, by_side in zip(plan.labels, counts, strict=True)
        },
        sha256=Digests(**{side: files[side].sha256 for side in Side}),
        bytes=BySide(**{side: files[side].bytes for side in Side}),
        image=settled(plan, choice),
        background=choice,
        thresholds=plan.settings.thresholds,
        reasons=count_rejects(reject for verdict in verdicts if (reject := verdict.reject())),
        versions=Versions(
            tagline=tagline.__version__,
            opencv=cv2.__version__,
            numpy=np.__version__,
            python=platform.python_version(),
        ),
    )


def _near_copies(verdicts: Sequence[Verdict], moved: int) -> NearCopies:
    firsts = {verdict.copy_of for verdict in verdicts} - {None}
    sides: dict[int, set[Side | None]] = {}
    images = 0
    for verdict in verdicts:
        if verdict.copy_of is not None or verdict.line in firsts:
            images += 1
            sides.setdefault(verdict.copy_of or verdict.line, set()).add(verdict.split)
    across = sum(len(found) > 1 for found in sides.values())
    return NearCopies(images=images, groups=len(sides), across=across, moved=moved)
