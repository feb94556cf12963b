"""The files by which a run goes on with a script's model: model.onnx and model.json."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mxnet as mx
import numpy as np

from tagline.formats.document import encode
from tagline.formats.models import ModelDescription
from tagline.formats.packed import PackedDataset
from tagline.formats.tasks import Task
from trainer.export import TOLERANCE, score, session
from trainer.mxnet_engine.export import export

_IMAGES = 8  # that network and ONNX model have to agree on
_PACKAGES = ("mxnet", "numpy", "onnx", "onnxruntime")


def hand_on(
    network: Any,
    dataset: PackedDataset,
    folder: str | None = None,
    *,
    name: str | None = None,
    hyperparameters: Mapping[str, object] | None = None,
) -> None:
    """Leave a trained Gluon network as a run takes it; docs/script-mode.md has the contract.

    The network, of hybrid blocks, maps float32 (N, 3, S, S) RGB of 0 to 255 to logits (N, L), with
    labels in the dataset's order: what normalises pixels is part of it. Scores are made of them by
    a sigmoid, or by softmax where each image has a single label. `folder` is SM_MODEL_DIR
    unless it is given; `name` and `hyperparameters` are told in the report. Raises ValueError where
    the network answers with another shape, or ONNX Runtime otherwise than MXNet.
    """
    target = Path(folder or os.environ["SM_MODEL_DIR"])
    side, labels = dataset.image.size, dataset.labels
    network.collect_params().reset_ctx(mx.cpu())
    shape = network(mx.nd.zeros((1, 3, side, side))).shape
    if shape != (1, len(labels)):
        raise ValueError(
            f"the network answers an image of {side} x {side} pixels with {shape}: a logit for "
            f"each of the {len(labels)} labels is expected, (1, {len(labels)})"
        )
    target.mkdir(parents=True, exist_ok=True)
    images = np.random.default_rng(0).integers(0, 256, (_IMAGES, side, side, 3), np.uint8)
    expected = export(network, target, images, single=dataset.task is Task.SINGLE)
    answers = score(session((target / "model.onnx").read_bytes()), images)
    difference = float(np.abs(expected - answers).max())
    if not difference <= TOLERANCE:
        raise ValueError(
            f"ONNX Runtime's scores are off MXNet's by {difference:.2g}; {TOLERANCE:g} is allowed"
        )
    description = ModelDescription(
        run=dataset.run,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        labels=labels,
        image=dataset.image,
        network=name or type(network).__name__,
        hyperparameters={key: str(value) for key, value in (hyperparameters or {}).items()},
        versions={package: version(package) for package in _PACKAGES},
        task=dataset.task,
    )
    (target / "model.json").write_bytes(encode(description))
