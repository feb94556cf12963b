"""The best epoch's model, written, compared and measured as the file that serves."""

import sys
from collections.abc import Iterator

import numpy as np
from msgspec.structs import replace

from tagline.formats.weights import WEIGHTS
from tagline.scores.ranking import quality
from tagline.scores.soundness import why_unsound
from trainer.checkpoint import BestEpoch
from trainer.contract import Base, JobRefused
from trainer.data import RecordSet
from trainer.engine import Images, Learner, current
from trainer.export import BATCH, export, score_all, session
from trainer.fit import Best
from trainer.hyperparameters import Hyperparameters
from trainer.watch import EndedEarly, Watch
from trainer.weight_files import write_weights

_PARITY_IMAGES = 64  # validation images that engine and ONNX Runtime must agree on


def hand_on(
    base: Base,
    learner: Learner,
    validation: RecordSet,
    asked: Hyperparameters,
    *,
    best: Best,
    watch: Watch,
) -> BestEpoch:
    """Write the best epoch's model; return its numbers as the exported file reaches them."""
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
        return _exported(base, validation, best.numbers, watch)
    except EndedEarly:  # SageMaker kills it soon; the engine's scores were measured
        return best.numbers


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
