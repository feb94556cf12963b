"""`train`: a packed dataset in, model files out."""

import importlib.metadata
import sys
from datetime import UTC, datetime

import mxnet as mx
import numpy as np

from tagline.formats.document import encode
from tagline.formats.models import ModelDescription
from tagline.formats.packed import PackedDataset
from tagline.scores.ranking import Quality, quality
from tagline.scores.soundness import why_unsound
from trainer.contract import Base, JobRefused, guarded, read_document, read_json
from trainer.data import RecordSet
from trainer.export import BATCH, export, score_all, session
from trainer.fit import fit, restore
from trainer.hyperparameters import Hyperparameters, parse
from trainer.network import build, resolve

_PARITY_IMAGES = 64  # validation images that MXNet and ONNX Runtime must agree on
_VERSIONS = ("mxnet", "numpy", "onnx", "onnxruntime")


def main() -> int:
    """Train under the base folder the environment names; return the exit code."""
    base = Base.from_environment()
    return guarded(lambda: train(base), base.training_failure)


def train(base: Base) -> None:
    """Train as the hyperparameters ask and write the model; raises JobRefused."""
    asked = parse(read_json(base.hyperparameters, "the training job"))
    path = base.channel("dataset", "dataset.json")
    dataset = read_document(path, "channel 'dataset'", PackedDataset)
    labels = dataset.labels
    if len(labels) != asked.num_classes:
        raise JobRefused(
            f"num_classes is {asked.num_classes}, but dataset.json names {len(labels)} labels"
        )
    train_file = base.channel("train", "train.rec")
    validation_file = base.channel("validation", "val.rec")
    training = RecordSet(train_file, labels=len(labels), side=asked.side)
    validation = RecordSet(validation_file, labels=len(labels), side=asked.side)
    _check_counts(asked, training, validation)

    gpus = mx.context.num_gpus()
    context = mx.gpu() if gpus else mx.cpu()
    mx.random.seed(asked.seed)
    np.random.seed(asked.seed)  # noqa: NPY002 - MXNet's initialisers draw from the global state
    network_name = resolve(asked.network, len(training), gpus)
    network = build(network_name, training.labels.mean(axis=0), asked.side, context)
    _say(
        f"training on {len(training)} images, validating on {len(validation)}, {len(labels)} labels"
    )
    _say(f"network {network_name} on {context}, images in memory: {training.cached}")
    best = fit(network, training, validation, asked, context)

    restore(network, best.weights)
    some = validation.images(np.arange(min(_PARITY_IMAGES, len(validation))))
    difference = export(network, base.model, some)
    _say(f"best epoch {best.epoch}; MXNet and ONNX Runtime agree to {difference:.1e}")
    reached = _exported(base, validation)
    description = _description(asked, dataset, network_name, best.epoch, reached)
    (base.model / "model.json").write_bytes(encode(description))
    # the last value of each metric is what SageMaker keeps, and ranks the trials of a search by
    _say(
        f"epoch={best.epoch} train:loss={best.loss:.6f} validation:mAP={reached.mean_ap:.6f} "
        f"validation:micro_ap={reached.micro_ap:.6f} exported"
    )


def _exported(base: Base, validation: RecordSet) -> Quality:
    """Return the quality of the model that is handed on, as `evaluate` will measure it."""
    model = session((base.model / "model.onnx").read_bytes())
    scores = score_all(model, validation.batches(BATCH))
    if fault := why_unsound(scores, validation.labels, validation.different):
        raise JobRefused(fault)
    return quality(scores, validation.labels)


def _check_counts(asked: Hyperparameters, training: RecordSet, validation: RecordSet) -> None:
    told = asked.num_training_samples
    if told is not None and told != len(training):
        raise JobRefused(
            f"num_training_samples is {told}, but train.rec holds {len(training)} records"
        )
    if asked.mini_batch_size > len(training):
        raise JobRefused(
            f"mini_batch_size is {asked.mini_batch_size}, but train.rec holds only "
            f"{len(training)} images; ask for a smaller batch or add images"
        )
    if not training.labels.any():
        raise JobRefused("no training image carries any label: there is nothing to learn")
    if not validation.labels.any():
        raise JobRefused("no validation image carries any label: no model could be judged")


def _description(
    asked: Hyperparameters, dataset: PackedDataset, network: str, epoch: int, reached: Quality
) -> ModelDescription:
    return ModelDescription(
        run=asked.run or dataset.run,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        labels=dataset.labels,
        image=dataset.image,
        network=network,
        hyperparameters={
            **{
                name: str(value)
                for name, value in vars(asked).items()
                if name != "side" and value is not None
            },
            "image_shape": f"3,{asked.side},{asked.side}",
        },
        versions={name: importlib.metadata.version(name) for name in _VERSIONS},
        best_epoch=epoch,
        mAP=float(reached.mean_ap),
    )


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
