"""What the API answers of two runs side by side."""

from typing import Literal

from tagline.api.documents import Counts, DatasetName, Part, RunName, RunSummary, Score
from tagline.api.run_documents import (
    ModelScores,
    ScoreDifference,
)
from tagline.formats.names import DATASET
from tagline.formats.rows import Size

_RUN = f"{DATASET.pattern}-[0-9a-f]{{16}}"
TWO_RUNS = f"^{_RUN},{_RUN}$"


class ComparedScores(ModelScores, kw_only=True):
    """A run's numbers over all labels."""

    images: Size
    judged_on: Literal["test", "validation"]
    macro_f1: Score | None
    micro_f1: Score | None


class ComparedRun(RunSummary, kw_only=True):
    """One of the two."""

    metrics: ComparedScores | None
    counts: Counts | None


class Interval(Part, kw_only=True):
    """From where to where a difference probably lies."""

    low: float
    high: float
    level: Score
    """The share of resamplings of the images whose difference is between the two."""


class ComparedLabel(Part, kw_only=True):
    """One label of both; null for a run that does not know it, or has no number for it."""

    label: str
    ap: list[Score | None]
    """Average precision, of the first and the second."""
    recall: list[Score | None]
    """Of runs whose images have exactly one label; else null."""
    f1: list[Score | None]
    support: list[Size | None]
    """Images that have the label."""
    difference: float | None
    """The second's average precision less the first's, or its recall where both have one: on the
    same images, as the evaluation found it, where that of one of them looked at both
    (`compared_as`); else of each one's own images."""
    interval: Interval | None
    """Of the difference, where the evaluation of one of them looked at both."""


class RunDifference(ScoreDifference, kw_only=True):
    """The second's primary metric less the first's on the same images, as the evaluation found."""

    interval: Interval | None

    @property
    def value(self) -> float | None:
        """Of the primary metric."""
        return self.mAP if self.macro_recall is None else self.macro_recall


class ComparedSetting(Part, kw_only=True):
    """A setting that the two runs had at different values, as JSON; null: not said."""

    name: str
    """Such as training.epochs."""
    first: str | None
    second: str | None


class Relabelled(Part, kw_only=True):
    """The images that both runs were judged on."""

    images: Size
    changed: Size
    """Those that have other labels in the one than in the other: the numbers of the two are then
    measured by different labels, and do not subtract."""


class RunComparison(Part, kw_only=True):
    """Two runs of a dataset side by side."""

    dataset: DatasetName
    runs: list[ComparedRun]
    """The first and the second."""
    same_images: bool | None
    """Whether both were judged on the very same images; else their numbers differ by that, too.
    null where that is not known."""
    relabelled: Relabelled | None
    """null where a run was not judged, does not tell each image's labels, as older ones do not, or
    has too many images to look at."""
    difference: RunDifference | None
    """null unless one of them was judged beside the other, which was the champion then."""
    resized: str | None
    """A sentence where the champion then was judged on images of another size than it was trained
    on: both numbers of `difference` are of images as the other run packed them."""
    compared_as: RunName | None
    """The run whose evaluation said so."""
    labels: list[ComparedLabel]
    settings: list[ComparedSetting]
    """Those that differ."""
