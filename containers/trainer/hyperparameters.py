"""The training job's hyperparameters: strings in, checked values out."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from tagline.formats.settings import Augmentation, Calibration, Loss, Network, Optimizer
from tagline.formats.tasks import Task
from trainer.contract import JobRefused

OPTIMIZERS, AUGMENTATIONS = get_args(Optimizer), get_args(Augmentation)
NETWORKS, LOSSES = get_args(Network), get_args(Loss)
_OLDER = "use_weighted_loss"  # of loss: weighted
CALIBRATIONS = get_args(Calibration)
STARTS = ("auto", "starter", "champion", "none")
_SIDES = (16, 1024)  # pixels
_TRUTH = {"1": True, "true": True, "0": False, "false": False}


@dataclass(frozen=True)
class Hyperparameters:
    """How to train; what each means is said in tagline.formats.settings.

    `side` is the images' height and width in pixels, `max_runtime` in seconds.
    """

    run: str
    epochs: int
    learning_rate: float
    mini_batch_size: int
    optimizer: str
    weight_decay: float
    network: str
    side: int
    num_classes: int
    num_training_samples: int | None
    augmentation_type: str
    loss: str
    label_smoothing: float
    dropout: float
    early_stopping_patience: int
    weight_averaging: float
    views: int
    seed: int
    max_runtime: int | None
    start_from: str = "none"
    start_without: str | None = None
    """Why no champion is handed over to start from, where one would be."""
    calibration: str = "none"
    shuffle_buffer: int = 0
    """Images; 0: as the size of the files asks for."""
    task: Task = Task.MULTI

    @property
    def single(self) -> bool:
        """Whether each image has exactly one label."""
        return self.task is Task.SINGLE

    def named(self) -> dict[str, Any]:
        """Return them by name; what older jobs did not have only where it is asked for."""
        told = dict(vars(self))
        if not self.single:
            del told["task"]
        if not self.shuffle_buffer:
            del told["shuffle_buffer"]
        return told


def parse(given: Mapping[str, object]) -> Hyperparameters:
    """Return the hyperparameters of a job; raise JobRefused naming the first that is wrong.

    Names that begin with an underscore are the tuner's own and are ignored.
    """
    values: dict[str, str] = {}
    for name, value in given.items():
        if name.startswith("_"):
            continue
        if not isinstance(value, str):
            raise JobRefused(f"hyperparameter {name}: SageMaker passes strings, found another type")
        values[name] = value
    known = sorted({*Hyperparameters.__annotations__, "image_shape", _OLDER} - {"side"})
    if unknown := sorted(set(values) - set(known)):
        raise JobRefused(f"hyperparameter {unknown[0]!r} is unknown; known are {', '.join(known)}")
    read = Reader(values)
    task = Task(read.choice("task", tuple(Task), Task.MULTI))
    if task is Task.SINGLE:
        _check_single(values)
    return Hyperparameters(
        run=read.text("run", ""),
        epochs=read.integer("epochs", 1, 1000),
        learning_rate=read.number("learning_rate", 1e-7, 1),
        mini_batch_size=read.integer("mini_batch_size", 1, 4096, "32"),
        optimizer=read.choice("optimizer", OPTIMIZERS, "adam"),
        weight_decay=read.number("weight_decay", 0, 1, "0.0001"),
        network=read.choice("network", NETWORKS, "auto"),
        side=read.side("image_shape"),
        num_classes=read.integer("num_classes", 1, 100_000),
        num_training_samples=(
            read.integer("num_training_samples", 1, 2**40)
            if "num_training_samples" in values
            else None
        ),
        augmentation_type=read.choice("augmentation_type", AUGMENTATIONS, "none"),
        loss=_loss(read),
        label_smoothing=read.number("label_smoothing", 0, 0.5, "0"),
        dropout=read.number("dropout", 0, 0.9, "0"),
        early_stopping_patience=read.integer("early_stopping_patience", 0, 1000, "0"),
        weight_averaging=read.number("weight_averaging", 0, 0.9999, "0"),
        views=read.integer("views", 1, 5, "1"),
        seed=read.integer("seed", 0, 2**31 - 1, "0"),
        max_runtime=(
            read.integer("max_runtime", 1, 2**31 - 1) if "max_runtime" in values else None
        ),
        start_from=read.start("start_from"),
        start_without=values.get("start_without"),
        calibration=read.choice("calibration", CALIBRATIONS, "none"),
        shuffle_buffer=read.integer("shuffle_buffer", 0, 10_000_000, "0"),
        task=task,
    )


def _check_single(values: Mapping[str, str]) -> None:
    """Raise JobRefused for what makes no sense where scores add up to 1."""
    if values.get("loss") == "asymmetric":
        raise JobRefused(
            "hyperparameter loss is 'asymmetric', which is for images of several labels, and task "
            "is single: leave it out for cross-entropy, or ask for weighted"
        )


def _loss(read: "Reader") -> str:
    """Return the loss, by its older name, too: runs of an earlier version are tried again."""
    older = "weighted" if read.truth(_OLDER, "0") else "bce"
    loss = read.choice("loss", LOSSES, older)
    if older == "weighted" and loss != older:
        raise JobRefused(f"hyperparameter loss is {loss!r}, and {_OLDER} asks for {older!r}")
    return loss


class Reader:
    """Reads one value after the other, each with its own rule in the message."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, name: str, default: str | None = None) -> str:
        """Return a value without the spaces around it; refuse one that is missing."""
        value = self._values.get(name, default)
        if value is None:
            raise JobRefused(f"hyperparameter {name} is missing")
        return value.strip()

    def integer(self, name: str, low: int, high: int, default: str | None = None) -> int:
        """Return a whole number within bounds."""
        value = self._converted(name, int, f"a whole number, {low} to {high}", default)
        if not low <= value <= high:
            raise self._wrong(name, f"a whole number, {low} to {high}", default)
        return int(value)

    def number(self, name: str, low: float, high: float, default: str | None = None) -> float:
        """Return a finite number within bounds."""
        value = self._converted(name, float, f"a number, {low:g} to {high:g}", default)
        if not (math.isfinite(value) and low <= value <= high):
            raise self._wrong(name, f"a number, {low:g} to {high:g}", default)
        return float(value)

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """Return one of several values."""
        value = self.text(name, default)
        if value not in allowed:
            raise self._wrong(name, f"one of {', '.join(allowed)}", default)
        return value

    def truth(self, name: str, default: str) -> bool:
        """Return a yes or no."""
        value = self.text(name, default).lower()
        if value not in _TRUTH:
            raise self._wrong(name, "1 or 0 (true or false)", default)
        return _TRUTH[value]

    def start(self, name: str) -> str:
        """Return what to start from."""
        value = self.text(name, "none")
        if value not in STARTS and not value.startswith("s3://"):
            raise self._wrong(name, f"one of {', '.join(STARTS)}, or an s3:// file", "none")
        return value

    def side(self, name: str) -> int:
        """Return the height and width of images, in pixels."""
        rule = f"`3,S,S` with S from {_SIDES[0]} to {_SIDES[1]}"
        parts = self.text(name).split(",")
        if len(parts) != 3 or not all(part.strip().isdecimal() for part in parts):  # noqa: PLR2004
            raise self._wrong(name, rule, None)
        channels, height, width = (int(part) for part in parts)
        if channels != 3 or height != width or not _SIDES[0] <= height <= _SIDES[1]:  # noqa: PLR2004
            raise self._wrong(name, rule, None)
        return height

    def _converted(
        self, name: str, kind: Callable[[str], float], rule: str, default: str | None
    ) -> float:
        try:
            return kind(self.text(name, default))
        except ValueError as exc:
            raise self._wrong(name, rule, default) from exc

    def _wrong(self, name: str, rule: str, default: str | None) -> JobRefused:
        return JobRefused(
            f"hyperparameter {name} is {self.text(name, default)!r:.80}; it must be {rule}"
        )
