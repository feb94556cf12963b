"""What an epoch reaches on the validation images, by the task; the numbers it is judged by."""

import numpy as np
from numpy.typing import NDArray

from tagline.formats.tasks import Task
from tagline.scores.ranking import quality
from tagline.scores.single import answers
from tagline.scores.temperature import softmax
from trainer.answers import sigmoid
from trainer.checkpoint import BestEpoch
from trainer.engine import Labels


def scores_of(logits: NDArray[np.float32], task: Task) -> NDArray[np.float32]:
    """Return the scores (n, L) of logits: of single labels those of an image add up to 1."""
    if task is Task.SINGLE:
        return softmax(logits.astype(np.float64)).astype(np.float32)
    return sigmoid(logits)


def reached(
    epoch: int, loss: float, scores: NDArray[np.float32], truth: Labels, task: Task
) -> BestEpoch:
    """Return an epoch's numbers; `loss` is the mean of a label's."""
    ranked = quality(scores, truth)
    if task is Task.MULTI:
        return BestEpoch(epoch, loss, ranked.mean_ap, ranked.micro_ap, since=epoch)
    found = answers(scores, truth)
    return BestEpoch(
        epoch,
        loss * truth.shape[1],
        ranked.mean_ap,
        ranked.micro_ap,
        since=epoch,
        macro_recall=found.macro_recall,
        top1=found.top1,
        cross_entropy=found.cross_entropy,
    )


def said(numbers: BestEpoch) -> str:
    """Return the beginning of an epoch's line, from which SageMaker reads its metrics.

    Each value is called as in `tagline.jobs.training`, where they are defined.
    """
    head = f"epoch={numbers.epoch} train:loss={numbers.loss:.6f}"
    told = f"validation:mAP={numbers.mean_ap:.6f} validation:micro_ap={numbers.micro_ap:.6f}"
    if numbers.macro_recall is None:
        return f"{head} {told}"
    return (
        f"{head} validation:macro_recall={numbers.macro_recall:.6f} "
        f"validation:top1={numbers.top1:.6f} "
        f"validation:cross_entropy={numbers.cross_entropy:.6f} {told}"
    )


def better(numbers: BestEpoch, best: BestEpoch) -> bool:
    """Return whether an epoch takes the place of the best one so far.

    By mAP, of single labels by macro recall. Of epochs that do equally well, as happens on few
    images, it is the later, which learned more, so it is where nothing can be told; of single
    labels the one that finds the truth likelier.
    """
    if numbers.value != best.value:
        return not numbers.value < best.value  # what is no number is no better
    if numbers.cross_entropy is None or best.cross_entropy is None:
        return True
    return numbers.cross_entropy <= best.cross_entropy
