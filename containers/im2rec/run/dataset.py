"""dataset.json: what training, evaluation and people may rely on about a packed dataset."""

import platform
from collections import Counter
from collections.abc import Sequence

import cv2
import numpy as np

import tagline
from im2rec.run.background import settled
from tagline.formats.image_index import PACKING
from tagline.formats.packed import BySide, Digests, PackedDataset, RecordFiles, Versions
from tagline.formats.pictures import BackgroundChoice, LostCounts, NearCopies
from tagline.formats.plan import Plan
from tagline.formats.rows import Lost, Side, Verdict


def describe(
    plan: Plan,
    files: RecordFiles,
    verdicts: Sequence[Verdict],
    choice: BackgroundChoice | None,
) -> PackedDataset:
    """Return dataset.json; its counts are those of the record files themselves.

    What is lost, and what are near-copies, is told by the verdicts on the list's rows.
    """
    train, validation = files.train, files.validation
    lost = Counter(verdict.lost for verdict in verdicts)
    accepted = train.images + validation.images
    counts = zip(plan.labels, train.positives, validation.positives, strict=True)
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
        near_copies=_near_copies(verdicts),
        train=train.images,
        validation=validation.images,
        labels=plan.labels,
        positives={label: BySide(train=t, validation=v) for label, t, v in counts},
        sha256=Digests(train=train.sha256, validation=validation.sha256),
        bytes=BySide(train=train.bytes, validation=validation.bytes),
        image=settled(plan, choice),
        background=choice,
        versions=Versions(
            tagline=tagline.__version__,
            opencv=cv2.__version__,
            numpy=np.__version__,
            python=platform.python_version(),
        ),
    )


def _near_copies(verdicts: Sequence[Verdict]) -> NearCopies:
    firsts = {verdict.copy_of for verdict in verdicts} - {None}
    sides: dict[int, set[Side | None]] = {}
    images = 0
    for verdict in verdicts:
        if verdict.copy_of is not None or verdict.line in firsts:
            images += 1
            sides.setdefault(verdict.copy_of or verdict.line, set()).add(verdict.split)
    across = sum(len(found) > 1 for found in sides.values())
    return NearCopies(images=images, groups=len(sides), across=across)
