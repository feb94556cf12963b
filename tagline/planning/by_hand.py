"""What a person sets in dataset.yaml that holds for whichever model serves, at once.

That are thresholds, and which devices get it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from tagline.aws.s3 import Bucket
from tagline.formats.edge_settings import EdgeSettings
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.models import LabelMetrics, Metrics
from tagline.formats.outcomes import Newest
from tagline.formats.owners import owns_run

_MOST = 5  # thresholds that a sentence names


@dataclass(frozen=True)
class ByHand:
    """What the newest list's dataset.yaml says of whichever model serves.

    Thresholds are by label; `edge` says which devices get it.
    """

    thresholds: Mapping[str, float] = field(default_factory=dict)
    edge: EdgeSettings = field(default_factory=EdgeSettings)


def by_hand(bucket: Bucket, dataset: str) -> ByHand:
    """Return what the dataset's newest list came with."""
    newest = bucket.whole(DatasetKeys(dataset).newest, Newest)
    if newest is None or not owns_run(dataset, newest.run):
        return ByHand()
    return ByHand(newest.thresholds, newest.edge)


def set_by_hand(bucket: Bucket, dataset: str) -> Mapping[str, float]:
    """Return the thresholds, by label, that the newest list's dataset.yaml set by hand."""
    return by_hand(bucket, dataset).thresholds


def thresholds_said(
    bucket: Bucket, serving: str, before: Mapping[str, float], after: Mapping[str, float]
) -> str | None:
    """Return what becomes of the thresholds of the run that serves; None where none changes."""
    if dict(before) == dict(after):
        return None
    metrics = bucket.whole(RunKeys(serving).metrics, Metrics)
    changes = list(_changes(metrics.labels if metrics else (), before, after))
    if not changes:
        return None
    more = f" and {len(changes) - _MOST} more" if len(changes) > _MOST else ""
    one = "threshold" if len(changes) == 1 else "thresholds"
    return f"{one} of {', '.join(changes[:_MOST])}{more}, in force within half a minute"


def _changes(
    labels: Sequence[LabelMetrics], before: Mapping[str, float], after: Mapping[str, float]
) -> Iterator[str]:
    for row in labels:
        was, now = before.get(row.label), after.get(row.label)
        if was != now:
            yield f"{row.label}: {_said(row, was)} -> {_said(row, now)}"


def _said(row: LabelMetrics, by_hand: float | None) -> str:
    if by_hand is not None:
        return f"{by_hand:g} by hand"
    return f"{chosen(row):.4f}"


def chosen(row: LabelMetrics) -> float:
    """Return the threshold that the evaluation chose, whatever a person had set."""
    return row.threshold if row.chosen is None else row.chosen


def in_force(
    labels: Sequence[LabelMetrics], by_hand: Mapping[str, float] | None
) -> tuple[LabelMetrics, ...]:
    """Return the labels of a run that serves with the thresholds that the API goes by now.

    `by_hand` are those that the newest list set; None: the run does not serve, and they are as
    they were evaluated. `f1` stays that of the evaluation.
    """
    if by_hand is None:
        return tuple(labels)
    return tuple(_as_set(row, by_hand.get(row.label)) for row in labels)


def _as_set(row: LabelMetrics, by_hand: float | None) -> LabelMetrics:
    if by_hand is None:
        return replace(row, threshold=chosen(row), chosen=None)
    return replace(row, threshold=by_hand, chosen=chosen(row))


def by_hand_said(labels: Sequence[LabelMetrics]) -> str | None:
    """Return the thresholds that a person set, and what was chosen; None without any."""
    named = [row for row in labels if row.chosen is not None]
    if not named:
        return None
    said = [f"{row.label} {row.threshold:g} (chosen: {row.chosen:.4f})" for row in named[:_MOST]]
    more = f" and {len(named) - _MOST} more" if len(named) > _MOST else ""
    return f"threshold of {', '.join(said)}{more}"
