"""The log of the built-in algorithm, from which its metrics are read."""

import os
import sys
import time
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from trainer.answers import sigmoid
from trainer.course import TrainingSet
from trainer.data import RecordSet
from trainer.engine import Learner
from trainer.streaming import StreamedSet

_SAMPLE = 512  # training images, at most, whose accuracy is told
_EVEN = 0.5  # the score from which a label counts as said


class Told:
    """Tells each epoch as the algorithm does, which counts from 0."""

    def __init__(self, batch: int, *, multi_label: bool) -> None:
        self._batch = batch
        self._accuracy = accuracy if multi_label else accuracy_of_classes
        self._began = time.monotonic()

    def __call__(
        self,
        epoch: int,
        learner: Learner,
        train: TrainingSet,
        validation: RecordSet,
        scores: NDArray[np.float32],
    ) -> None:
        """Write the epoch's lines."""
        seconds, self._began = time.monotonic() - self._began, time.monotonic()
        reached = self._accuracy(scores, validation.labels)
        say(f"Epoch[{epoch - 1}] Train-accuracy={self._learned(learner, train.records):.6f}")
        say(f"Epoch[{epoch - 1}] Time cost={seconds:.3f}")
        say(f"Epoch[{epoch - 1}] Validation-accuracy={reached:.6f}")

    def _learned(self, learner: Learner, train: RecordSet | StreamedSet) -> float:
        """Return the accuracy on the first training images as they are, in whole batches."""
        batches = max(1, min(_SAMPLE, len(train)) // self._batch)
        images, labels = train.first(batches * self._batch)
        logits = np.concatenate([learner.logits(part) for part in np.split(images, batches)])
        return self._accuracy(sigmoid(logits), labels)


def accuracy(scores: NDArray[np.float32], labels: NDArray[np.uint8]) -> float:
    """Return the share of all pairs of image and label (n, L) that the scores tell right."""
    return float(((scores >= _EVEN) == (labels > 0)).mean())


def accuracy_of_classes(scores: NDArray[np.float32], labels: NDArray[np.uint8]) -> float:
    """Return the share of images (n, L) whose highest score is their class's."""
    return float((scores.argmax(axis=1) == labels.argmax(axis=1)).mean())


def say(text: str) -> None:
    """Write a line of the log."""
    now = datetime.now(UTC)
    sys.stdout.write(f"[{now:%m/%d/%Y %H:%M:%S} INFO {os.getpid()}] {text}\n")
    sys.stdout.flush()
