"""The training job's hyperparameters: strings in, checked values out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from tagline.formats.recommender_settings import Algorithm
from trainer.contract import JobRefused
from trainer.hyperparameters import Reader

ALGORITHMS = get_args(Algorithm)


@dataclass(frozen=True)
class Hyperparameters:
    """How to train; what is None is chosen by validation, or by the size of the data.

    `regularization`, `age_decay` and `hidden` are said in tagline.formats.recommender_settings,
    `epochs`, `mini_batch_size` (users), `learning_rate`, `weight_decay` and `dropout` (share of a
    history that is hidden from the network) are the networks'. `max_runtime` is in seconds.
    """

    run: str
    algorithm: str
    regularization: float | None
    age_decay: float | None
    hidden: int | None
    epochs: int | None
    mini_batch_size: int
    learning_rate: float
    weight_decay: float
    dropout: float
    early_stopping_patience: int | None
    seed: int
    max_runtime: int | None


def parse(given: Mapping[str, object]) -> Hyperparameters:
    """Return the hyperparameters of a job; raise JobRefused naming the first that is wrong.

    Names that begin with an underscore are the tuner's own, those that begin with `sagemaker_` the
    SDK's; both are ignored.
    """
    values: dict[str, str] = {}
    for name, value in given.items():
        if name.startswith(("_", "sagemaker_")):
            continue
        if not isinstance(value, str):
            raise JobRefused(f"hyperparameter {name}: SageMaker passes strings, found another type")
        values[name] = value
    known = sorted(Hyperparameters.__annotations__)
    if unknown := sorted(set(values) - set(known)):
        raise JobRefused(f"hyperparameter {unknown[0]!r} is unknown; known are {', '.join(known)}")
    read = Reader(values)

    def whole(name: str, low: int, high: int) -> int | None:
        return read.integer(name, low, high) if name in values else None

    def real(name: str, low: float, high: float) -> float | None:
        return read.number(name, low, high) if name in values else None

    return Hyperparameters(
        run=read.text("run", ""),
        algorithm=read.choice("algorithm", ALGORITHMS, "auto"),
        regularization=real("regularization", 0.1, 1e6),
        age_decay=real("age_decay", 0.5, 1),
        hidden=whole("hidden", 8, 4096),
        epochs=whole("epochs", 1, 1000),
        mini_batch_size=read.integer("mini_batch_size", 1, 4096, "100"),
        learning_rate=read.number("learning_rate", 1e-7, 1, "0.001"),
        weight_decay=read.number("weight_decay", 0, 1, "0.00001"),
        dropout=read.number("dropout", 0, 0.9, "0.5"),
        early_stopping_patience=whole("early_stopping_patience", 0, 1000),
        seed=read.integer("seed", 0, 2**31 - 1, "0"),
        max_runtime=whole("max_runtime", 1, 2**31 - 1),
    )
