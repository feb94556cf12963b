"""What an engine and ONNX Runtime answer for one model; runs in the engine's environment.

    engine_answers.py MODEL RECORDS IMAGES

MODEL is a folder with model.json, model.onnx and weights.npz, RECORDS a record file; both answer
with OMP_NUM_THREADS threads. Prints JSON: the largest difference of a score over all records, how
many there are, and by `engine` and `onnx` the milliseconds of IMAGES answers to one image.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from tagline.formats.document import decode
from tagline.formats.models import ModelDescription
from trainer.answers import sigmoid
from trainer.data import RecordSet
from trainer.engine import Images, current
from trainer.export import BATCH, score
from trainer.hyperparameters import parse

Answer = Callable[[Images], NDArray[np.float32]]


def milliseconds(answer: Answer, images: Images) -> list[float]:
    """Return how long each of the images took, asked alone, after one that warms up."""
    answer(images[:1])
    found = []
    for number in range(len(images)):
        started = time.perf_counter()
        answer(images[number : number + 1])
        found.append(1000 * (time.perf_counter() - started))
    return found


def main(folder: Path, records: Path, images: int) -> None:
    """Ask both and print what they answered."""
    path = folder / "model.json"
    described = decode(path.read_bytes(), ModelDescription, str(path))
    if described.network is None or described.hyperparameters is None:
        raise SystemExit(f"{path} does not say how the model was trained")
    side = described.image.size
    recipe = parse(dict(described.hyperparameters))
    held = RecordSet(records, labels=len(described.labels), side=side)
    learner = current().build(described.network, recipe, held.counts)
    with np.load(folder / "weights.npz") as weights:
        learner.set_weights(dict(weights))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ["OMP_NUM_THREADS"])
    options.log_severity_level = 3
    model = onnxruntime.InferenceSession(
        str(folder / "model.onnx"), sess_options=options, providers=["CPUExecutionProvider"]
    )

    def by_engine(some: Images) -> NDArray[np.float32]:
        return sigmoid(learner.logits(some))

    def by_onnx(some: Images) -> NDArray[np.float32]:
        return score(model, some)

    apart = max(
        float(np.abs(by_engine(some) - by_onnx(some)).max()) for some in held.batches(BATCH)
    )
    asked = held.images(np.arange(images) % len(held))
    answer = {
        "difference": apart,
        "images": len(held),
        "engine": milliseconds(by_engine, asked),
        "onnx": milliseconds(by_onnx, asked),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
