"""Whether an int8 model may go out: held against fp32 by the gate that promotes models."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagline.formats.edge import Int8Verdict
from tagline.formats.resampled import Resampled
from tagline.formats.settings import Promotion
from tagline.formats.tasks import Task
from tagline.scores import bootstrap, recall_bootstrap, single
from tagline.scores.bootstrap import Gain, LabelGains
from tagline.scores.ranking import quality

FEWEST_ALIKE = 0.9  # of the judging images: below it few images prove nothing, and devices differ

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Compared:
    """Both models' scores (n, L) on the same images, the truth (n, L), and thresholds (L,)."""

    fp32: Scores
    int8: Scores
    truth: NDArray[np.uint8]
    thresholds: NDArray[np.float64]
    task: Task

    @property
    def agreement(self) -> float:
        """Share of the images that both give the same tags, or the same label."""
        if self.task is Task.SINGLE:
            return float((self.fp32.argmax(axis=1) == self.int8.argmax(axis=1)).mean())
        given = self.fp32 >= self.thresholds, self.int8 >= self.thresholds
        return float((given[0] == given[1]).all(axis=1).mean())

    def value(self, scores: Scores) -> float:
        """Return the primary metric of scores."""
        if self.task is Task.SINGLE:
            return single.answers(scores, self.truth).macro_recall
        return float(quality(scores, self.truth).mean_ap)

    def loss(self, confidence: float) -> tuple[Gain, LabelGains] | None:
        """Return what fp32 has more of it than int8, by the same resampling as the gate's."""
        gains = recall_bootstrap.gains if self.task is Task.SINGLE else bootstrap.gains
        return gains(self.fp32, self.int8, self.truth, confidence=confidence)


def judge(
    compared: Compared, rule: Promotion, calibrated_on: int = 0, excluded: tuple[str, ...] = ()
) -> Int8Verdict:
    """Return whether int8 may take fp32's place: alike enough, and not proven worse.

    What the rule asks of a challenger, `minimum_map` and `max_label_drop`, is asked of it too.
    """
    confidence = rule.confidence or 0.9
    loss = compared.loss(confidence)
    fp32, int8 = compared.value(compared.fp32), compared.value(compared.int8)
    agreement, images = compared.agreement, len(compared.truth)
    name = "macro recall" if compared.task is Task.SINGLE else "mAP"
    said = (
        f"int8 agrees with fp32 on {agreement:.1%} of {images:,} images; {name} {int8:.4f} against "
        f"{fp32:.4f}"
    )
    refused = _refused(compared, rule, loss, confidence)
    return Int8Verdict(
        accepted=refused is None,
        reason=f"{said}: {refused or 'not proven worse'}",
        images=images,
        agreement=agreement,
        metric="macro_recall" if compared.task is Task.SINGLE else "mAP",
        fp32=fp32,
        int8=int8,
        difference=_turned(loss[0]) if loss else None,
        calibrated_on=calibrated_on,
        excluded=excluded,
    )


def _refused(
    compared: Compared,
    rule: Promotion,
    loss: tuple[Gain, LabelGains] | None,
    confidence: float,
) -> str | None:
    if compared.agreement < FEWEST_ALIKE:
        return f"{FEWEST_ALIKE:.0%} are needed, so fp32 goes out"
    if compared.value(compared.int8) < rule.minimum_map:
        return f"promotion.minimum_map is {rule.minimum_map:.4f}, so fp32 goes out"
    if loss is None:
        return "how sure that is could not be measured, so fp32 goes out"
    gain, labels = loss
    if gain.bound > 0 and gain.probability >= confidence:
        return f"worse, with a probability of {gain.probability:.1%}, so fp32 goes out"
    worst = float(np.nanmax(labels.value, initial=0.0))
    if rule.max_label_drop is not None and worst > rule.max_label_drop:
        return f"a label fell by {worst:.4f}, so fp32 goes out"
    return None


def _turned(loss: Gain) -> Resampled:
    """Return what int8 has more than fp32: the loss, with its sign turned."""
    return Resampled(
        low=0.0 - loss.high,
        high=0.0 - loss.low,
        level=loss.level,
        rounds=loss.rounds,
        confidence=loss.confidence,
        probability=1 - loss.probability,
    )
