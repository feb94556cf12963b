"""Images and scores that a fresh endpoint must reproduce before it takes over."""

import base64
from typing import Any

import numpy as np

from trainer.data import RecordSet
from trainer.judge import Verdict

_IMAGES = 4
_LARGEST = 180_000  # characters of base64 together


def smoke_document(verdict: Verdict, records: RecordSet) -> dict[str, Any]:
    """Return the content of smoke.json: up to four validation images with the scores they got.

    Spread over what the model is sure of and what not; the first is taken whatever its size.
    """
    scores = verdict.challenger.scores
    order = np.argsort(-scores.max(axis=1), kind="stable")
    wanted = order[np.linspace(0, len(order) - 1, min(_IMAGES, len(order))).round().astype(int)]
    images: list[dict[str, Any]] = []
    used = 0
    for index in wanted:
        body = base64.b64encode(records.jpeg(int(index))).decode()
        if images and used + len(body) > _LARGEST:
            continue
        used += len(body)
        images.append(
            {
                "content_type": "image/jpeg",
                "body": body,
                "scores": [round(float(score), 6) for score in scores[index]],
            }
        )
    return {
        "run": verdict.challenger.candidate.run,
        "labels": verdict.labels,
        "images": images,
    }
