"""dataset.json: what training, evaluation and people may rely on about a packed dataset."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest

import cv2
import numpy as np

import tagline
from im2rec.run.background import settled
from im2rec.run.channels import Files
from tagline.formats.image_index import PACKING
from tagline.formats.packed import (
    BySide,
    Digests,
    PackedDataset,
    Versions,
)
from tagline.formats.pictures import BackgroundChoice, LostCounts, NearCopies
from tagline.formats.plan import Plan
from tagline.formats.reasons import Reason
from tagline.formats.rows import Rejected, Side


@dataclass(frozen=True)
class Told:
    """What the verdicts on the list's rows tell of its pictures, and why rows stay out."""

    lost: LostCounts
    near_copies: NearCopies
    reasons: Mapping[Reason, Rejected]


def describe(
    plan: Plan,
    held: Files,
    told: Told,
    choice: BackgroundChoice | None,
) -> PackedDataset:
    """Return dataset.json; its counts are those of the records themselves."""
    files = held.together
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
        lost=told.lost,
        near_copies=told.near_copies,
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
        files=held.several,
        image=settled(plan, choice),
        background=choice,
        thresholds=plan.settings.thresholds,
        reasons=told.reasons,
        versions=Versions(
            tagline=tagline.__version__,
            opencv=cv2.__version__,
            numpy=np.__version__,
            python=platform.python_version(),
        ),
    )
