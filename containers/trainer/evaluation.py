"""What an evaluation found, as metrics, report and the other documents are made of it."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tagline.formats.rows import Side
from tagline.scores.bootstrap import Gain, LabelGains
from tagline.scores.calibration import Reliability, reliability
from tagline.scores.platt import Curves
from tagline.scores.ranking import Quality
from tagline.scores.thresholds import F1, Thresholds
from trainer.single import Single, SinglePair, before_scaling, confidence, given_labels

if TYPE_CHECKING:  # the rules themselves need no MXNet
    from trainer.candidate import Candidate

_RANKED_WELL = 0.5  # average precision


@dataclass(frozen=True)
class Evaluated:
    """A candidate, its scores (n, L) on the judging images, and their quality."""

    candidate: "Candidate"
    scores: NDArray[np.float32]
    quality: Quality


@dataclass(frozen=True)
class KeptBack:
    """The challenger's scores (n, L) on a side of the split that it was not trained on."""

    side: Side
    ids: NDArray[np.uint64]
    truth: NDArray[np.uint8]
    scores: NDArray[np.float32]


@dataclass(frozen=True)
class Comparison:
    """Challenger and champion on the images that neither was trained on, of which there are `n`.

    Gains are in average precision, of single labels in recall, which `single` has of both.
    """

    images: int
    challenger: Quality
    champion: Quality
    gain: Gain | None
    labels: LabelGains | None
    single: SinglePair | None = None


@dataclass(frozen=True)
class Evaluation:
    """Everything the evaluation found; `champion` is None on a first run.

    `single` is there where each image has exactly one label.

    `comparison` is None without a champion, or where `not_compared` tells why. `ids` (n,) are the
    judging images' records; `validation` are those that chose the thresholds, if others did.
    """

    labels: tuple[str, ...]
    side: Side
    ids: NDArray[np.uint64]
    truth: NDArray[np.uint8]
    challenger: Evaluated
    champion: Evaluated | None
    validation: KeptBack | None
    thresholds: Thresholds
    f1: F1
    over_frequencies: Gain | None
    comparison: Comparison | None
    not_compared: str | None
    created: str
    side_length: int
    """Pixels of the side of the judging images."""
    single: Single | None = None

    @cached_property
    def tagged(self) -> NDArray[np.bool_]:
        """Which tags the thresholds give the judging images, (n, L)."""
        return self.tags(self.challenger.scores, self.thresholds.values)

    def tags(
        self, scores: NDArray[np.float32], thresholds: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Return which tags thresholds (L,) make of scores (n, L)."""
        if self.single:
            return given_labels(scores, thresholds)
        given: NDArray[np.bool_] = scores >= thresholds
        return given

    @cached_property
    def reliability(self) -> Reliability:
        """How far the challenger's scores, as they are served, may be read as probabilities.

        Of each label's, (L, BINS).
        """
        return reliability(self.challenger.scores, self.truth)

    @cached_property
    def sureness(self) -> Reliability:
        """The same of all labels' together, (BINS,); of single labels of the best one alone."""
        if self.single:
            return confidence(self.challenger.scores, self.truth)
        return self.reliability.together

    @cached_property
    def sureness_before(self) -> Reliability | None:
        """`sureness` of the scores before calibration; None where nothing is calibrated."""
        if not self.single:
            return self.uncalibrated.together if self.uncalibrated else None
        warmth = self.challenger.candidate.description.temperature
        if warmth is None:
            return None
        return confidence(before_scaling(self.challenger.scores, warmth), self.truth)

    @cached_property
    def uncalibrated(self) -> Reliability | None:
        """Each label's reliability before calibration curves; None where there are none."""
        found = self.challenger.candidate.description.calibration
        if not found:
            return None
        before = Curves.of(found, self.labels).before(self.challenger.scores)
        return reliability(before, self.truth)

    @property
    def ranked_alone(self) -> list[str]:
        """The labels whose images come first, and of which none is given the tag."""
        if self.single:
            return []
        ap, tags = self.challenger.quality.ap, self.f1.labels
        return [
            label
            for label, ranked, tagged in zip(self.labels, ap, tags, strict=True)
            if ranked >= _RANKED_WELL and tagged == 0
        ]
