"""The best epoch's model, written, compared and measured as the file that serves."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from tagline.formats.weights import WEIGHTS
from tagline.scores import platt, temperature
from tagline.scores.soundness import why_unsound
from trainer.calibrating import calibrate
from trainer.checkpoint import BestEpoch
from trainer.contract import Base, JobRefused
from trainer.data import RecordSet
from trainer.engine import Images, Learner, current
from trainer.export import BATCH, TOLERANCE, export, score, score_all, session
from trainer.fit import Best
from trainer.hyperparameters import Hyperparameters
from trainer.reached import reached
from trainer.scaling import scale
from trainer.watch import EndedEarly, Watch
from trainer.weight_files import write_weights

_PARITY_IMAGES = 64  # validation images that engine and ONNX Runtime must agree on


@dataclass(frozen=True)
class HandedOn:
    """The best epoch's numbers as the exported file reaches them, and its calibration, if any.

    That is curves, or of single labels the temperature.
    """

    numbers: BestEpoch
    curves: platt.Curves | None = None
    temperature: float | None = None


def hand_on(
    base: Base,
    learner: Learner,
    validation: RecordSet,
    asked: Hyperparameters,
    *,
    best: Best,
    watch: Watch,
) -> HandedOn:
    """Write the best epoch's model; return what it reaches.

    Where SIGTERM leaves no time for it, the numbers are the engine's, and nothing is calibrated.
    """
    engine = current()
    learner.set_weights(best.weights)
    some = validation.images(np.arange(min(_PARITY_IMAGES, len(validation))))
    difference = export(engine, learner, base.model, some, asked.views)
    write_weights(base.model / WEIGHTS, best.weights)
    sys.stdout.write(
        f"best epoch {best.numbers.epoch}; "
        f"{engine.title} and ONNX Runtime agree to {difference:.1e}\n"
    )
    sys.stdout.flush()
    try:
        scores = _scores(base, validation, watch)
    except EndedEarly:  # SageMaker kills it soon; the engine's scores were measured
        return HandedOn(best.numbers)
    if fault := why_unsound(scores, validation.labels, validation.different):
        raise JobRefused(fault)
    curves, warmth = None, None
    if asked.single:
        warmth = temperature.fit(scores, validation.labels)
        scores = _scaled(base, warmth, scores, some)
    elif asked.calibration == "platt":
        curves = platt.fit(scores, validation.labels)
        scores = _calibrated(base, curves, scores, some)
    numbers = best.numbers
    found = reached(numbers.epoch, 0, scores, validation.labels, asked.task)
    return HandedOn(replace(found, loss=numbers.loss, since=numbers.since), curves, warmth)


def _scores(base: Base, validation: RecordSet, watch: Watch) -> NDArray[np.float32]:
    """Return the scores of the model that is handed on, as `evaluate` will measure them.

    Raises EndedEarly when there is no time to.
    """

    def batches() -> Iterator[Images]:
        for images in validation.batches(BATCH):
            if watch.terminated:
                raise EndedEarly("SIGTERM")
            yield images

    return score_all(session((base.model / "model.onnx").read_bytes()), batches())


def _calibrated(
    base: Base, curves: platt.Curves, scores: NDArray[np.float32], some: Images
) -> NDArray[np.float32]:
    """Make the exported model answer calibrated scores; return those of `scores` (n, L)."""
    calibrate(base.model / "model.onnx", curves)
    moved = curves.calibrated(scores)
    _check(base, some, moved, "its curves")
    left = len(curves.slope) - int(curves.fitted.sum())
    sys.stdout.write(
        f"scores of {int(curves.fitted.sum())} labels are calibrated; {left} are left as they are, "
        f"with fewer than {platt.FEWEST} validation images, or told apart by nothing\n"
    )
    sys.stdout.flush()
    return moved


def _scaled(
    base: Base, warmth: float, scores: NDArray[np.float32], some: Images
) -> NDArray[np.float32]:
    """Make the exported model answer at a temperature; return the scores there of `scores`."""
    scale(base.model / "model.onnx", warmth)
    moved = temperature.scaled(scores, warmth)
    _check(base, some, moved, "its temperature")
    sys.stdout.write(f"scores are calibrated by a temperature of {warmth:.4f}\n")
    sys.stdout.flush()
    return moved


def _check(base: Base, some: Images, moved: NDArray[np.float32], what: str) -> None:
    """Raise JobRefused where the calibrated model does not answer of images as was computed."""
    answers = score(session((base.model / "model.onnx").read_bytes()), some)
    difference = float(np.abs(answers - moved[: len(some)]).max())
    if not difference <= TOLERANCE:
        raise JobRefused(
            f"the calibrated ONNX model is off {what} by {difference:.2g} in a score; "
            f"{TOLERANCE:g} is allowed, so the model is not handed on"
        )
