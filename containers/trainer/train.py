"""`train`: a packed dataset in, model files out."""

import importlib.metadata
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from msgspec.structs import replace

from tagline.formats.document import encode
from tagline.formats.models import FEWEST_IMAGES, ModelDescription, ModelStart
from tagline.formats.packed import PackedDataset
from trainer.channels import read_channels, training_set
from trainer.checkpoint import FORMAT, BestEpoch, Checkpoints
from trainer.contract import Base, JobRefused, guarded, read_json
from trainer.course import LEAST_IMAGES, TrainingSet
from trainer.data import RecordSet
from trainer.engine import Engine, Learner, current
from trainer.fit import NoModelYet, Witness, fit, nobody
from trainer.handing_on import hand_on
from trainer.hyperparameters import Hyperparameters, parse
from trainer.networks import resolve
from trainer.reached import said
from trainer.start import HEAD_RATE, Beginning, find_start
from trainer.streaming import StreamedSet
from trainer.team import Hosts, Team, hosts_of
from trainer.watch import TERMINATED, Watch

_NOT_LEARNED_BY = {
    "run",
    "num_training_samples",
    "max_runtime",
    "views",
    "calibration",
    "start_without",
}  # what no parameter depends on


def main() -> int:
    """Train under the base folder the environment names; return the exit code."""
    base = Base.from_environment()
    return guarded(lambda: train(base), base.training_failure)


def train(base: Base, witness: Witness = nobody) -> None:
    """Train as the hyperparameters ask and write the model; raises JobRefused.

    One that SIGTERM ended writes the best epoch so far, then exits with 143.
    """
    given = read_json(base.hyperparameters, "the training job")
    asked = parse(given)
    watch = Watch(asked.max_runtime)
    hosts = hosts_of(base)
    channels = read_channels(base, asked, len(hosts.names))
    dataset, validation = channels.dataset, channels.validation
    engine = current()
    team = _join(engine, hosts, asked)
    training = training_set(channels, asked, team)
    images = training.counts.images
    network = resolve(asked.network, images, engine.accelerators())
    learner = engine.build(network, asked, training.counts, team)
    start = find_start(
        asked.start_from,
        Beginning(network, learner.weights(), asked.seed, images, dataset.labels, asked.task),
        base,
        asked.start_without,
    )
    learner.set_weights(start.weights)
    if start.new_head:
        learner.quicken_head(HEAD_RATE)
    _say_images(images, validation, len(dataset.labels))
    _say_how(f"network {network} on {learner.device}", training, team)
    _say(start.said)
    data = [training.digest, validation.digest]
    fingerprint = _fingerprint(asked, network, learner, data, start.record)
    if team.first(fingerprint) != fingerprint:
        raise JobRefused("this machine holds other data, or another image, than the first")
    checkpoints = Checkpoints(
        _own_folder(base, given),
        fingerprint,
        os.environ.get("TRAINING_JOB_NAME", ""),
        keeps=team.rank == 0,
    )
    watch.listen()
    try:
        best = fit(
            learner,
            training,
            validation,
            asked,
            checkpoints=checkpoints,
            watch=watch,
            witness=witness,
        )
    except NoModelYet as exc:
        if watch.terminated:  # by whoever will start it again, or wants nothing of it
            _say(str(exc))
            sys.exit(TERMINATED)
        raise

    if team.rank:  # the first writes the model
        if watch.terminated and best.interrupted:
            sys.exit(TERMINATED)
        return
    reached = hand_on(base, learner, validation, asked, best=best, watch=watch)
    description = replace(
        _description(asked, dataset, network, reached.numbers, start.record),
        ended_early=best.ended_early,
        calibration=reached.curves.named(dataset.labels) if reached.curves else None,
        temperature=reached.temperature,
    )
    (base.model / "model.json").write_bytes(encode(description))
    if watch.terminated:
        _say(f"all is saved {watch.since_sigterm:.1f} s after SIGTERM")
    # the last value of each metric is what SageMaker keeps, and ranks the trials of a search by
    _say(f"{said(reached.numbers)} exported")
    if watch.terminated and best.interrupted:
        sys.exit(TERMINATED)


def _say_images(training: int, validation: RecordSet, labels: int) -> None:
    _say(f"training on {training} images, validating on {len(validation)}, {labels} labels")
    if len(validation) < FEWEST_IMAGES:
        _say(
            f"only {len(validation)} validation images choose the epoch: below {FEWEST_IMAGES} "
            "that is little more than a guess; of epochs that do equally well the last is taken"
        )


def _say_how(what: str, training: TrainingSet, team: Team) -> None:
    _say(
        f"{what}, threads: {os.environ.get('OMP_NUM_THREADS')}, "
        f"images in memory: {training.records.cached}"
    )
    if training.machines:
        _say(f"images of each machine's own files: {', '.join(map(str, training.machines))}")
    if isinstance(training.records, StreamedSet):
        _say(f"training images are streamed through a buffer of {training.records.buffer}")
    if team.size > 1:
        _say(f"processes that train together: {team.size}")


def _join(engine: Engine, hosts: Hosts, asked: Hyperparameters) -> Team:
    """Return the processes that train together; the first of them alone speaks."""
    team = engine.join(hosts)
    if team.rank:
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - for good: the first alone speaks
    if asked.mini_batch_size < LEAST_IMAGES * team.size > LEAST_IMAGES:
        raise JobRefused(
            f"mini_batch_size {asked.mini_batch_size} is too small for {team.size} processes: "
            f"each needs {LEAST_IMAGES} images of a batch at least"
        )
    return team


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
    data: Sequence[str],
    start: ModelStart,
) -> str:
    """Return what tells this training from any that would end with other parameters."""
    learned_by = {
        "format": FORMAT,
        "asked": {k: v for k, v in asked.named().items() if k not in _NOT_LEARNED_BY},
        "network": network,
        "shapes": [values.shape for values in learner.weights().values()],
        "data": list(data),
        "start": [start.kind, start.sha256],
        "versions": [importlib.metadata.version(name) for name in current().decides],
    }
    return sha256(json.dumps(learned_by, sort_keys=True).encode()).hexdigest()


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
                for name, value in asked.named().items()
                if name not in {"side", "start_without"} and value is not None
            },
            "image_shape": f"3,{asked.side},{asked.side}",
        },
        versions={name: importlib.metadata.version(name) for name in current().packages},
        best_epoch=reached.epoch,
        mAP=float(reached.mean_ap),
        start=start,
        task=asked.task,
        macro_recall=reached.macro_recall,
    )


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
