"""`train`: a packed dataset in, model files out."""

import importlib.metadata
import json
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from tagline.formats.document import encode
from tagline.formats.models import ModelDescription, ModelStart
from tagline.formats.packed import PackedDataset
from tagline.scores.ranking import quality
from tagline.scores.soundness import why_unsound
from trainer.checkpoint import FORMAT, BestEpoch, Checkpoints
from trainer.contract import Base, JobRefused, guarded, read_document, read_json
from trainer.data import RecordSet
from trainer.engine import Images, Learner, current
from trainer.export import BATCH, export, score_all, session
from trainer.fit import NoModelYet, fit
from trainer.hyperparameters import Hyperparameters, parse
from trainer.networks import resolve
from trainer.start import HEAD_RATE, Beginning, find_start
from trainer.watch import TERMINATED, EndedEarly, Watch
from trainer.weight_files import MEMBER, write_weights

_PARITY_IMAGES = 64  # validation images that engine and ONNX Runtime must agree on
_NOT_LEARNED_BY = {
    "run",
    "num_training_samples",
    "max_runtime",
    "views",
}  # what no parameter depends on


def main() -> int:
    """Train under the base folder the environment names; return the exit code."""
    base = Base.from_environment()
    return guarded(lambda: train(base), base.training_failure)


def train(base: Base) -> None:
    """Train as the hyperparameters ask and write the model; raises JobRefused.

    One that SIGTERM ended writes the best epoch so far, then exits with 143.
    """
    given = read_json(base.hyperparameters, "the training job")
    asked = parse(given)
    watch = Watch(asked.max_runtime)
    path = base.channel("dataset", "dataset.json")
    dataset = read_document(path, "channel 'dataset'", PackedDataset)
    labels = dataset.labels
    if len(labels) != asked.num_classes:
        raise JobRefused(
            f"num_classes is {asked.num_classes}, but dataset.json names {len(labels)} labels"
        )
    train_file = base.channel("train", "train.rec")
    validation_file = base.channel("validation", "val.rec")
    size = {"side": asked.side, "packed": _packed_at(dataset, asked)}
    training = RecordSet(train_file, labels=len(labels), **size)
    validation = RecordSet(validation_file, labels=len(labels), **size)
    _check_counts(asked, training, validation)

    engine = current()
    network = resolve(asked.network, len(training), engine.accelerators())
    learner = engine.build(network, asked, training.labels)
    start = find_start(
        asked.start_from,
        Beginning(network, learner.weights(), asked.seed, len(training), labels),
        base,
    )
    learner.set_weights(start.weights)
    if start.new_head:
        learner.quicken_head(HEAD_RATE)
    _say(
        f"training on {len(training)} images, validating on {len(validation)}, {len(labels)} labels"
    )
    _say(
        f"network {network} on {learner.device}, threads: {os.environ.get('OMP_NUM_THREADS')}, "
        f"images in memory: {training.cached}"
    )
    _say(start.said)
    checkpoints = Checkpoints(
        _own_folder(base, given),
        _fingerprint(asked, network, learner, [training, validation], start.record),
        os.environ.get("TRAINING_JOB_NAME", ""),
    )
    watch.listen()
    try:
        best = fit(learner, training, validation, asked, checkpoints=checkpoints, watch=watch)
    except NoModelYet as exc:
        if watch.terminated:  # by whoever will start it again, or wants nothing of it
            _say(str(exc))
            sys.exit(TERMINATED)
        raise

    learner.set_weights(best.weights)
    some = validation.images(np.arange(min(_PARITY_IMAGES, len(validation))))
    difference = export(engine, learner, base.model, some, asked.views)
    write_weights(base.model / MEMBER, best.weights)
    _say(
        f"best epoch {best.numbers.epoch}; "
        f"{engine.title} and ONNX Runtime agree to {difference:.1e}"
    )
    try:
        reached = _exported(base, validation, best.numbers, watch)
    except EndedEarly:  # SageMaker kills it soon; the engine's scores were measured
        reached = best.numbers
    description = _description(asked, dataset, network, reached, start.record)
    description = replace(description, ended_early=best.ended_early)
    (base.model / "model.json").write_bytes(encode(description))
    # the last value of each metric is what SageMaker keeps, and ranks the trials of a search by
    _say(
        f"epoch={reached.epoch} train:loss={reached.loss:.6f} "
        f"validation:mAP={reached.mean_ap:.6f} validation:micro_ap={reached.micro_ap:.6f} exported"
    )
    if watch.terminated and best.interrupted:
        sys.exit(TERMINATED)


def _packed_at(dataset: PackedDataset, asked: Hyperparameters) -> int:
    """Return the pixels that images are packed at, which may be scaled down but not up."""
    packed = dataset.image.size
    if asked.side > packed:
        raise JobRefused(
            f"image_shape asks for {asked.side}x{asked.side} pixels, but the images are packed at "
            f"{packed}x{packed}"
        )
    return packed


def _own_folder(base: Base, given: dict[str, object]) -> Path:
    """Return where this job keeps its checkpoints.

    The trials of a search share the folder that their tuning job names: each takes one in it.
    """
    job = os.environ.get("TRAINING_JOB_NAME")
    if job and "_tuning_objective_metric" in given:
        return base.checkpoints / job
    return base.checkpoints


def _fingerprint(
    asked: Hyperparameters,
    network: str,
    learner: Learner,
    data: Sequence[RecordSet],
    start: ModelStart,
) -> str:
    """Return what tells this training from any that would end with other parameters."""
    learned_by = {
        "format": FORMAT,
        "asked": {k: v for k, v in vars(asked).items() if k not in _NOT_LEARNED_BY},
        "network": network,
        "shapes": [values.shape for values in learner.weights().values()],
        "data": [records.digest for records in data],
        "start": [start.kind, start.sha256],
        "versions": [importlib.metadata.version(name) for name in current().decides],
    }
    return sha256(json.dumps(learned_by, sort_keys=True).encode()).hexdigest()


def _exported(base: Base, validation: RecordSet, numbers: BestEpoch, watch: Watch) -> BestEpoch:
    """Return the numbers of the model that is handed on, as `evaluate` will measure them.

    Raises EndedEarly when there is no time to.
    """

    def batches() -> Iterator[Images]:
        for images in validation.batches(BATCH):
            if watch.terminated:
                raise EndedEarly("SIGTERM")
            yield images

    model = session((base.model / "model.onnx").read_bytes())
    scores = score_all(model, batches())
    if fault := why_unsound(scores, validation.labels, validation.different):
        raise JobRefused(fault)
    found = quality(scores, validation.labels)
    return replace(numbers, mean_ap=found.mean_ap, micro_ap=found.micro_ap)


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
    asked: Hyperparameters,
    dataset: PackedDataset,
    network: str,
    reached: BestEpoch,
    start: ModelStart,
) -> ModelDescription:
    return ModelDescription(
        run=asked.run or dataset.run,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        labels=dataset.labels,
        image=replace(dataset.image, size=asked.side),
        network=network,
        hyperparameters={
            **{
                name: str(value)
                for name, value in vars(asked).items()
                if name != "side" and value is not None
            },
            "image_shape": f"3,{asked.side},{asked.side}",
        },
        versions={name: importlib.metadata.version(name) for name in current().packages},
        best_epoch=reached.epoch,
        mAP=float(reached.mean_ap),
        start=start,
    )


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
