"""How far two models agree on the images that both were asked about: by tags, and by scores."""

from collections.abc import Mapping
from dataclasses import dataclass

from tagline.formats.models import ImageScores, Metrics
from tagline.formats.shadow import LabelAgreement
from tagline.formats.tasks import Task


@dataclass
class _Label:
    alike: int = 0
    apart: float = 0.0
    champion: int = 0
    challenger: int = 0


class Agreement:
    """Counts, one pair of answers after the other; it holds no answers."""

    def __init__(
        self,
        champion: Mapping[str, float],
        challenger: Mapping[str, float],
        tasks: tuple[Task, Task] = (Task.MULTI, Task.MULTI),
    ) -> None:
        """Take the thresholds of both, by label: the labels that both have are compared.

        Where a model's task is single, its highest score alone is a tag, if it is one.
        """
        self._tasks = tasks
        self._thresholds = {
            label: (limit, challenger[label])
            for label, limit in champion.items()
            if label in challenger
        }
        self._labels = {label: _Label() for label in self._thresholds}
        self._alike = 0
        self.compared = 0
        self.left_out = tuple(sorted(champion.keys() ^ challenger.keys()))

    def add(self, champion: ImageScores, challenger: ImageScores) -> None:
        """Count an image that both answered."""
        old = dict(zip(champion.labels, champion.scores, strict=True))
        new = dict(zip(challenger.labels, challenger.scores, strict=True))
        same = True
        best, best_now = (
            _best(each, task) for each, task in zip((old, new), self._tasks, strict=True)
        )
        for label, (old_limit, new_limit) in self._thresholds.items():
            found = self._labels[label]
            tagged = old[label] >= old_limit and best in (label, None)
            tagged_now = new[label] >= new_limit and best_now in (label, None)
            found.champion += tagged
            found.challenger += tagged_now
            found.alike += tagged == tagged_now
            found.apart += abs(old[label] - new[label])
            same = same and tagged == tagged_now
        self._alike += same
        self.compared += 1

    @property
    def alike(self) -> float | None:
        """Share of the images that got the same tags; None where nothing was compared."""
        if not self.compared or not self._labels:
            return None
        return self._alike / self.compared

    @property
    def difference(self) -> float | None:
        """Mean of how far scores were apart; None where nothing was compared."""
        if not self.compared or not self._labels:
            return None
        apart = sum(label.apart for label in self._labels.values())
        return apart / (self.compared * len(self._labels))

    def labels(self) -> tuple[LabelAgreement, ...]:
        """Return what is known of each label, the least agreed on first."""
        if not self.compared:
            return ()
        told = [
            LabelAgreement(
                label=name,
                alike=found.alike / self.compared,
                difference=found.apart / self.compared,
                champion=found.champion,
                challenger=found.challenger,
            )
            for name, found in self._labels.items()
        ]
        return tuple(sorted(told, key=lambda each: (each.alike, each.label)))


def _best(scores: Mapping[str, float], task: Task) -> str | None:
    """Return the one label that may be a tag; None where any may."""
    return max(scores, key=scores.__getitem__) if task is Task.SINGLE else None


def thresholds_of(metrics: Metrics) -> dict[str, float]:
    """Return the score from which each label's tag is given."""
    return {label.label: label.threshold for label in metrics.labels}
