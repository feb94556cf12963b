"""Who serves a dataset, and from which score on its model's labels count as tags."""

import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple, TypeVar

from tagline.api.bucket import DataBucket
from tagline.api.catalog import Catalog
from tagline.api.problem import Problem, not_found, other_kind
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.kinds import Kind
from tagline.formats.locations import Location, parse_uri
from tagline.formats.models import LabelMetrics, Metrics
from tagline.formats.outcomes import Champion
from tagline.formats.owners import check_champion
from tagline.formats.plan import Plan
from tagline.formats.ratings_keys import RatingsKeys
from tagline.formats.tasks import Task
from tagline.planning.by_hand import set_by_hand

CHAMPION_SECONDS = 30.0  # how long a container may go on asking a champion's endpoint unchecked
_KEPT = 256
V = TypeVar("V")


class Champions:
    """Champions and thresholds, kept in memory so that a warm call reads nothing from S3."""

    def __init__(
        self, bucket: DataBucket, stack: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._bucket = bucket
        self._stack = stack
        self._clock = clock
        self._champions: dict[str, tuple[float, Champion]] = {}
        self._evaluated: dict[str, _Evaluation] = {}
        self._by_hand: dict[str, tuple[float, Mapping[str, float]]] = {}
        self._sources: dict[str, Location | None] = {}

    def of(self, dataset: str, kind: Kind = Kind.IMAGES) -> Champion:
        """Return the champion of a dataset of this kind, at most 30 seconds old.

        Raises a 404 for a dataset nobody made and a 409 for one that has no champion yet, or one of
        the other kind.
        """
        champion = self._of(dataset)
        if champion.kind is not kind:
            raise other_kind(dataset, champion.kind)
        return champion

    def _of(self, dataset: str) -> Champion:
        now = self._clock()
        read, champion = self._champions.get(dataset, (0.0, None))
        if champion is not None and now - read < CHAMPION_SECONDS:
            return champion
        champion = self._bucket.get(DatasetKeys(dataset).champion, Champion)
        if champion is None:
            raise self._no_champion(dataset)
        check_champion(champion, dataset, self._bucket.name, self._stack)
        _keep(self._champions, dataset, (now, champion))
        return champion

    def task(self, run: str) -> Task:
        """Return what a run's model answers; raises what `thresholds` raises."""
        return self._evaluation(run).task

    def thresholds(self, run: str) -> dict[str, float]:
        """Return the threshold of each label by which the run's evaluation went.

        A run's metrics never change, so they are read once. Raises Absent without metrics.json
        and UnreadableDocument when a label has no threshold in it.
        """
        return {label: row.threshold for label, row in self._evaluation(run).labels.items()}

    def limits(self, run: str) -> dict[str, float]:
        """Return the score from which on each label of a run's model is given as a tag.

        That a person set it in dataset.yaml goes before what the evaluation chose; known half a
        minute after the plan of the newest list. Raises what `thresholds` raises.
        """
        by_hand = self._set_by_hand(RunKeys(run).dataset)
        found = {}
        for label, row in self._evaluation(run).labels.items():
            chosen = row.threshold if row.chosen is None else row.chosen
            found[label] = by_hand.get(label, chosen)
        return found

    def _evaluation(self, run: str) -> "_Evaluation":
        if run not in self._evaluated:
            metrics = self._bucket.read(RunKeys(run).metrics, Metrics)
            found = _Evaluation(metrics.task, {row.label: row for row in metrics.labels})
            _keep(self._evaluated, run, found)
        return self._evaluated[run]

    def _set_by_hand(self, dataset: str) -> Mapping[str, float]:
        now = self._clock()
        read, found = self._by_hand.get(dataset, (0.0, None))
        if found is None or now - read >= CHAMPION_SECONDS:
            found = set_by_hand(self._bucket, dataset)
            _keep(self._by_hand, dataset, (now, found))
        return found

    def source(self, run: str) -> Location | None:
        """Return the prefix that the run's settings have as `source`; None without one."""
        if run not in self._sources:
            plan = self._bucket.get(RunKeys(run).plan, Plan)
            named = plan.settings.source if plan else None
            _keep(self._sources, run, parse_uri(named) if named else None)
        return self._sources[run]

    def _no_champion(self, dataset: str) -> Problem:
        catalog = Catalog(self._bucket)
        if not catalog.has_dataset(dataset):
            return not_found("unknown_dataset", f"There is no dataset {dataset}.")
        running = catalog.running(dataset)
        if running:
            detail = f"Dataset {dataset} has no champion yet; run {running[0]} is going on."
        else:
            detail = (
                f"Dataset {dataset} has no champion, and no run is going on. "
                f"Drop a list under {DatasetKeys(dataset).lists}, or ratings under "
                f"{RatingsKeys(dataset).ratings}, to start one."
            )
        return Problem(HTTPStatus.CONFLICT, "no_champion", detail, running=running)


class _Evaluation(NamedTuple):
    task: Task
    labels: Mapping[str, LabelMetrics]


def _keep(kept: dict[str, V], name: str, value: V) -> None:
    if len(kept) >= _KEPT:
        kept.clear()
    kept[name] = value
