"""dataset.json: what training, evaluation and people may rely on about a packed dataset."""

import platform

import cv2
import numpy as np

import tagline
from tagline.formats.image_index import PACKING
from tagline.formats.packed import BySide, Digests, PackedDataset, RecordFiles, Versions
from tagline.formats.plan import Plan


def describe(plan: Plan, files: RecordFiles) -> PackedDataset:
    """Return dataset.json; its counts are those of the record files themselves."""
    train, validation = files.train, files.validation
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
        train=train.images,
        validation=validation.images,
        labels=plan.labels,
        positives={label: BySide(train=t, validation=v) for label, t, v in counts},
        sha256=Digests(train=train.sha256, validation=validation.sha256),
        bytes=BySide(train=train.bytes, validation=validation.bytes),
        image=plan.settings.image,
        versions=Versions(
            tagline=tagline.__version__,
            opencv=cv2.__version__,
            numpy=np.__version__,
            python=platform.python_version(),
        ),
    )
