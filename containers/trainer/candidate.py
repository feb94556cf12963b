"""A trained model as a judge sees it: its labels, its image size, and its scores.

The ONNX file is judged, not an engine's own, because that is the one that serves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from tagline.formats.document import UnreadableDocument, decode
from tagline.formats.models import ModelDescription
from tagline.formats.tasks import Task
from trainer.agreed import check_network
from trainer.archive import members
from trainer.contract import JobRefused, existing
from trainer.data import RecordSet
from trainer.engine import Images
from trainer.export import BATCH, TOLERANCE, score_all, session
from trainer.pixels import resize

_OFF_ONE = 1e-3  # how far the sum of an image's scores may be from 1


@dataclass(frozen=True)
class Candidate:
    """A model that wants to serve, or does; `description` is its model.json."""

    role: str
    run: str
    description: ModelDescription
    model: onnxruntime.InferenceSession

    @property
    def labels(self) -> tuple[str, ...]:
        """Its labels in the order of its outputs."""
        return self.description.labels

    @property
    def side(self) -> int:
        """Pixels of an image's side."""
        return self.description.image.size

    def scores(self, records: RecordSet, labels: Sequence[str]) -> NDArray[np.float32]:
        """Return the scores (n, L) of a packed set for `labels`, matched by name.

        A label the model never learned scores 0 throughout, which ranks nothing: its average
        precision is its frequency. Images of another size are resized to the model's own.
        """
        outputs = {label: output for output, label in enumerate(self.labels)}
        batches = (resized(images, self.side) for images in records.batches(BATCH))
        try:
            answers = score_all(self.model, batches)
        except JobRefused:  # of the images
            raise
        except Exception as exc:  # ONNX Runtime's errors share no public base class
            raise JobRefused(f"{self.role}: model.onnx cannot score images: {exc}") from exc
        result = np.zeros((len(records), len(labels)), np.float32)
        for column, label in enumerate(labels):
            if label in outputs:
                result[:, column] = answers[:, outputs[label]]
        if not np.isfinite(result).all():
            raise JobRefused(f"{self.role}: the model answers with scores that are not numbers")
        if result.min() < -TOLERANCE or result.max() > 1 + TOLERANCE:
            raise JobRefused(
                f"{self.role}: model.onnx answers with scores from {result.min():.3g} to "
                f"{result.max():.3g}; they have to lie within 0 and 1: let it end in a sigmoid"
            )
        self._check_sums(answers)
        return result

    def _check_sums(self, answers: NDArray[np.float32]) -> None:
        """Raise JobRefused for a model of single labels whose scores are not shares of one."""
        if self.description.task is not Task.SINGLE:
            return
        sums = answers.sum(axis=1)
        if np.abs(sums - 1).max(initial=0) > _OFF_ONE:
            raise JobRefused(
                f"{self.role}: model.json says task: single, but model.onnx answers an image with "
                f"scores that add up to {sums[np.abs(sums - 1).argmax()]:.3g} and not to 1: let it "
                "end in a softmax"
            )


def load(archive: Path, role: str, run: str | None) -> Candidate:
    """Return the model of a model.tar.gz; `run` None takes the run model.json names."""
    files = members(existing(archive, role), role, ("model.json", "model.onnx"))
    try:
        description = decode(files["model.json"], ModelDescription, f"model.json in {archive}")
    except UnreadableDocument as exc:
        raise JobRefused(f"{role}: {exc}") from exc
    try:
        model = session(files["model.onnx"])
    except Exception as exc:  # ONNX Runtime's errors share no public base class
        raise JobRefused(f"{role}: model.onnx in {archive} cannot be loaded: {exc}") from exc
    check_network(model, description, role)
    return Candidate(role, run or description.run, description, model)


def resized(images: Images, side: int) -> Images:
    """Return images (n, S, S, 3) at `side` pixels; unchanged where they have that size."""
    if images.shape[1] == side:
        return images
    return np.stack([resize(image, side) for image in images])
