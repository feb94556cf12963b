"""Images and scores that a fresh endpoint must reproduce before it takes over."""

import base64

import numpy as np

from tagline.formats.models import Smoke, SmokeImage
from trainer.data import RecordSet
from trainer.evaluation import Evaluation
from trainer.pixels import png, resize

_IMAGES = 4
_LARGEST = 180_000  # characters of base64 together


def smoke_document(evaluation: Evaluation, records: RecordSet) -> Smoke:
    """Return smoke.json: up to four of the judging images with the scores they got.

    Spread over what the model is sure of and what not; the first is taken whatever its size.
    """
    scores = evaluation.challenger.scores
    order = np.argsort(-scores.max(axis=1), kind="stable")
    wanted = order[np.linspace(0, len(order) - 1, min(_IMAGES, len(order))).round().astype(int)]
    images: list[SmokeImage] = []
    used = 0
    for index in wanted:
        kind, data = _image(records, int(index), evaluation.challenger.candidate.side)
        body = base64.b64encode(data).decode()
        if images and used + len(body) > _LARGEST:
            continue
        used += len(body)
        rounded = [round(float(score), 6) for score in scores[index]]
        images.append(SmokeImage(content_type=kind, body=body, scores=rounded))
    return Smoke(
        run=evaluation.challenger.candidate.run, labels=evaluation.labels, images=tuple(images)
    )


def _image(records: RecordSet, index: int, side: int) -> tuple[str, bytes]:
    """Return an image's media type and bytes, at the size that the model sees.

    One that is scaled down goes as the pixels that were judged: the server has a filter of its own.
    """
    if records.side == side:
        return "image/jpeg", records.jpeg(index)
    return "image/png", png(resize(records.images(np.array([index]))[0], side))
