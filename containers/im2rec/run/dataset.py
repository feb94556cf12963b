"""dataset.json: what training, evaluation and people may rely on about a packed dataset."""

import platform
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

import tagline
from im2rec.run.channels import ChannelFacts
from im2rec.run.plan import Plan
from tagline.formats.image_index import PACKING


def describe(plan: Plan, channels: Mapping[str, ChannelFacts]) -> dict[str, Any]:
    """Return dataset.json; its counts are those of the record files themselves."""
    train, validation = channels["train"], channels["validation"]
    accepted = train.images + validation.images
    return {
        "run": plan.run,
        "packing": PACKING,
        "fingerprint": plan.fingerprint,
        "rows": plan.rows,
        "accepted": accepted,
        "rejected": plan.rows - accepted,
        "reused": plan.reused,
        "fetched": accepted - plan.reused,
        "train": train.images,
        "validation": validation.images,
        "labels": list(plan.labels),
        "positives": {
            label: {"train": train.positives[at], "validation": validation.positives[at]}
            for at, label in enumerate(plan.labels)
        },
        "sha256": {"train": train.sha256, "validation": validation.sha256},
        "bytes": {"train": train.bytes, "validation": validation.bytes},
        "image": plan.spec.to_dict(),
        "versions": {
            "tagline": tagline.__version__,
            "opencv": cv2.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    }
