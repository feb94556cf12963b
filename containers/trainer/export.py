"""What is handed on of a trained network, and held against the network itself."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from trainer.contract import JobRefused
from trainer.engine import Engine, Images, Learner
from trainer.views import average_views, shifted, shifts

BATCH = 64  # images that are scored at once
TOLERANCE = 1e-4  # the largest difference of a score between engine and ONNX Runtime


def export(engine: Engine, learner: Learner, folder: Path, images: Images, views: int = 1) -> float:
    """Write model.onnx and the engine's own files of a trained network.

    What the ONNX model answers of `images` (n, S, S, 3) is compared with the engine's scores. Then
    it is made to average so many views of an image, and compared with the mean of its own answers.
    Returns the largest difference, or raises JobRefused when it is above TOLERANCE.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, side = folder / "model.onnx", images.shape[1]
    expected = learner.export(folder, images)
    plain = session(path.read_bytes())
    difference = float(np.abs(expected - score(plain, images)).max())
    if views > 1:
        average_views(path, views, side, expected.shape[1])
        mean = np.mean([score(plain, shifted(images, *by)) for by in shifts(views, side)], axis=0)
        averaged = score(session(path.read_bytes()), images)
        difference = max(difference, float(np.abs(mean - averaged).max()))
    if not difference <= TOLERANCE:
        raise JobRefused(
            f"the exported ONNX model disagrees with {engine.title}'s by {difference:.2g} in a "
            f"score; {TOLERANCE:g} is allowed, so the model is not handed on"
        )
    return difference


def session(model: bytes) -> onnxruntime.InferenceSession:
    """Return an ONNX Runtime session of an ONNX file's bytes, answering on the CPU."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors: warnings about folded constants help nobody here
    return onnxruntime.InferenceSession(
        model, sess_options=options, providers=["CPUExecutionProvider"]
    )


def score(model: onnxruntime.InferenceSession, images: Images) -> NDArray[np.float32]:
    """Return the scores (n, L) of images (n, S, S, 3) uint8 RGB."""
    planes = np.ascontiguousarray(images.transpose(0, 3, 1, 2), dtype=np.float32)
    scores: NDArray[np.float32] = model.run(["scores"], {"data": planes})[0]
    return scores


def score_all(
    model: onnxruntime.InferenceSession, batches: Iterable[Images]
) -> NDArray[np.float32]:
    """Return the scores (n, L) of all images of batches, in their order."""
    return np.concatenate([score(model, images) for images in batches])
