"""`train`: a job of the built-in algorithm, done by this trainer and told in its words."""

import json
import tempfile
from pathlib import Path

from tagline.formats.image_classification import SHAPES, SYMBOL, shape_of
from tagline.formats.models import ModelDescription
from trainer.builtin import channels
from trainer.builtin.telling import Told, say
from trainer.builtin.together import follow, leading, take
from trainer.builtin.translating import NETWORK, read, translated, without_effect
from trainer.contract import Base, JobRefused, guarded, read_document, read_json
from trainer.team import hosts_of
from trainer.train import train as train_ours


def main() -> int:
    """Train under the base folder the environment names; return the exit code."""
    base = Base.from_environment()
    return guarded(lambda: train(base), base.training_failure)


def train(base: Base) -> None:
    """Train as the algorithm's hyperparameters ask and leave its files; raises JobRefused."""
    given = read_json(base.hyperparameters, "the training job")
    values = read(given)
    hosts = hosts_of(base)
    channels.check(base)
    say("SageMaker's image-classification is emulated by tagline/trainer: no other's parameters")
    layers = values["num_layers"]
    say(f"num_layers={layers} stands for the network {NETWORK!r} of 1.2 million parameters here")
    if idle := without_effect(given):
        say(f"without effect in the emulation: {', '.join(idle)}")
    with tempfile.TemporaryDirectory(dir=base.root, prefix="emulated-") as folder:
        job = Base(Path(folder))
        mine, validation = channels.lay_out(base, job, _wanted(values))
        records = job.root / "input/data/train/train.rec"
        own = channels.sharded(base)
        if hosts.current != hosts.names[0]:
            say(f"{hosts.names[0]} trains for all, this machine's {mine} images among them")
            follow(hosts, records if own else None, mine)
            return
        with leading(hosts) as lines:
            images = mine + take(lines, records) if own else mine
            _prepare(base, job, values, (images, validation), translated(given, values))
            _train(base, job, values)


def _train(base: Base, job: Base, values: dict[str, str]) -> None:
    batch, multi_label = int(values["mini_batch_size"]), values["multi_label"] == "1"
    try:
        train_ours(job, Told(batch, multi_label=multi_label))
    finally:  # one that SIGTERM ended leaves a model, too
        if (job.model / "model.json").exists():
            _leave(base, job, batch, multi_label=multi_label)


def _wanted(values: dict[str, str]) -> channels.Wanted:
    shape = shape_of(values["image_shape"])
    if shape is None or shape[0] != 3 or shape[1] != shape[2]:  # noqa: PLR2004 - RGB
        raise JobRefused(
            f"image_shape {values['image_shape']} is not emulated: squares of 3 channels are"
        )
    return channels.Wanted(
        labels=int(values["num_classes"]),
        multi_label=values["multi_label"] == "1",
        side=shape[1],
        resize=int(values["resize"]) if "resize" in values else None,
    )


def _prepare(
    base: Base, job: Base, values: dict[str, str], images: tuple[int, int], asked: dict[str, str]
) -> None:
    train, validation = images
    kind = "multi-hot" if values["multi_label"] == "1" else "class-id"
    say(f"label-format is {kind}; {train} training and {validation} validation images")
    batch = int(values["mini_batch_size"])
    if batch > validation:
        raise JobRefused(
            f"mini_batch_size {batch} is more than the {validation} validation images: the "
            "algorithm fills whole batches of them"
        )
    if int(values["num_training_samples"]) != train:
        say(f"num_training_samples={values['num_training_samples']}, but train holds {train}")
    config = job.hyperparameters.parent
    config.mkdir(parents=True)
    job.hyperparameters.write_text(json.dumps(asked))
    base.checkpoints.mkdir(exist_ok=True)
    job.checkpoints.symlink_to(base.checkpoints)
    job.model.mkdir()


def _leave(base: Base, job: Base, batch: int, *, multi_label: bool) -> None:
    """Move the best epoch's network to where the algorithm leaves it, under its names.

    Where an image has one class, the network's answers are made to add up to 1.
    """
    described = read_document(job.model / "model.json", "the model", ModelDescription)
    side = described.image.size
    parameters = f"image-classification-{described.best_epoch or 0:04d}.params"
    base.model.mkdir(exist_ok=True)
    for name, theirs in (("model-symbol.json", SYMBOL), ("model-0000.params", parameters)):
        (base.model / theirs).write_bytes((job.model / name).read_bytes())
    if not multi_label:
        # here, for the image of the other engine holds this package, too
        from trainer.mxnet_engine.converting import answer_of_classes  # noqa: PLC0415

        answer_of_classes(base.model / SYMBOL)
    shapes = [{"shape": [batch, 3, side, side], "name": "data"}]
    (base.model / SHAPES).write_text(json.dumps(shapes))
    say(f'Saved checkpoint to "{base.model / parameters}"')
