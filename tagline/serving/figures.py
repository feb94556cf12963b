"""What the gate compares, whatever the dataset's kind: one named metric and its differences."""

from dataclasses import dataclass

from tagline.formats.kinds import METRIC_SAID
from tagline.formats.models import FEWEST_IMAGES, Difference, LabelDrop, Metrics
from tagline.formats.recommending import FEWEST_USERS, RankingDifference, RatingsMetrics
from tagline.formats.resampled import Resampled
from tagline.formats.tasks import Task


@dataclass(frozen=True)
class Gain:
    """What a model has more of the primary metric than another; `judged` cases were looked at."""

    value: float | None
    sure: Resampled
    judged: int | None


@dataclass(frozen=True)
class Figures:
    """The primary metric of challenger, baseline and champion, and the words to tell of them."""

    metric: str
    """As metrics.json names it."""
    value: float | None
    none: str
    """Why there is no value."""
    baseline: float
    baseline_said: str
    over_baseline: Gain | None
    judged: int
    case: str
    """What is judged: an image, a user; `s` makes it several."""
    fewest: int
    """Cases without which a difference tells nothing."""
    champion: float | None
    champion_run: str
    difference: Gain | None
    not_compared: str | None
    left_out: int = 0
    drops: tuple[LabelDrop, ...] = ()
    of_labels: str = "average precision"
    """What `drops` are about."""
    resized: str | None = None
    """Where the champion was judged on images of another size than it learned from."""
    other_task: str | None = None
    """Where it was judged by another task than it was trained for."""
    start: str | None = None
    """What training started from instead of what it would take first."""

    @property
    def gain(self) -> float | None:
        """The value less the champion's, on what both were judged by; None without a champion."""
        if not self.champion_run:
            return None
        if self.difference is not None:
            return self.difference.value
        if self.value is None or self.champion is None:
            return None
        return self.value - self.champion

    @property
    def said(self) -> str:
        """The metric's name for people."""
        return METRIC_SAID[self.metric]


def figures(metrics: Metrics | RatingsMetrics) -> Figures:
    """Return what the gate looks at."""
    return _ratings(metrics) if isinstance(metrics, RatingsMetrics) else _images(metrics)


def _images(metrics: Metrics) -> Figures:
    champion, start = metrics.champion, metrics.start
    return Figures(
        metric=metrics.primary_metric,
        value=metrics.value,
        none="no label has an example",
        baseline=metrics.baseline or 0.0,
        baseline_said=metrics.baseline_said,
        over_baseline=_of_images(metrics.over_frequencies),
        judged=metrics.images,
        case=f"{metrics.judged_on} image",
        fewest=FEWEST_IMAGES,
        champion=metrics.of(champion) if champion else None,
        champion_run=champion.run if champion else "",
        difference=_of_images(metrics.difference),
        not_compared=metrics.not_compared,
        left_out=metrics.left_out,
        drops=metrics.drops,
        of_labels="recall" if metrics.task is Task.SINGLE else "average precision",
        resized=champion.resized_said if champion else None,
        other_task=champion.task_said(metrics.task) if champion else None,
        start=start.said if start and start.instead else None,
    )


def _ratings(metrics: RatingsMetrics) -> Figures:
    champion = metrics.champion
    return Figures(
        metric=metrics.primary_metric,
        value=metrics.ndcg_at_10,
        none="no user of the test has a history and an item that is new",
        baseline=metrics.baseline.ndcg_at_10 or 0.0,
        baseline_said="popularity alone",
        over_baseline=_of_users(metrics.over_popularity),
        judged=metrics.users,
        case=f"{metrics.judged_on} user",
        fewest=FEWEST_USERS,
        champion=champion.ndcg_at_10 if champion else None,
        champion_run=champion.run if champion else "",
        difference=_of_users(metrics.difference),
        not_compared=metrics.not_compared,
    )


def _of_images(found: Difference | None) -> Gain | None:
    return None if found is None else Gain(found.value, found, found.images)


def _of_users(found: RankingDifference | None) -> Gain | None:
    return None if found is None else Gain(found.value, found, found.users)
