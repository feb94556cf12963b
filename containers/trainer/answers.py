"""What a network answers of images: one logit per label, and the score that it stands for."""

import numpy as np
from numpy.typing import NDArray

from trainer.data import RecordSet
from trainer.engine import Learner
from trainer.watch import Watch


def predict(learner: Learner, records: RecordSet, size: int, watch: Watch) -> NDArray[np.float32]:
    """Return the logits of every image, (n, L), in file order; raises EndedEarly."""
    team = learner.team
    mine = np.array_split(np.arange(len(records)), team.size)[team.rank]
    parts = []
    for start in range(0, len(mine), size):
        if team.size == 1:  # others may have more batches left, or fewer
            watch.check()
        images = records.images(mine[start : start + size])
        # one batch shape throughout: another one would plan the network's memory anew
        missing = size - len(images)
        whole = np.concatenate([images, np.repeat(images[-1:], missing, 0)]) if missing else images
        parts.append(learner.logits(whole)[: len(images)])
    return team.gather(np.concatenate(parts))


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the scores of logits as ONNX Runtime rounds them: beyond 17 they are 0 and 1."""
    certainty = 1 / (1 + np.exp(-np.abs(logits)))
    return np.where(logits < 0, 1 - certainty, certainty)
