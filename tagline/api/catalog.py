"""What the data bucket holds: its datasets and their runs, newest first.

A run's name is a hash of the list version that it runs on, so the versions of a dataset's lists
tell the order of its runs: a call for 1,000 versions and one for 1,000 runs, then a status for each
run of the page alone. Runs whose list version is gone are ordered by what their statuses say: those
are read when a page goes back beyond the time that versions are kept. A status changes only where a
run is resumed or promoted by hand, so a container reads it once in a while.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import chain, islice, takewhile
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec

from tagline.api.bucket import DataBucket
from tagline.api.documents import (
    ChampionDetails,
    ChampionSummary,
    Counts,
    DatasetDetails,
    Datasets,
    DatasetSummary,
    EndpointHealth,
    Runs,
    RunSummary,
)
from tagline.api.marks import Marks
from tagline.api.problem import not_found
from tagline.api.requests import Page
from tagline.api.run_documents import (
    ListShown,
    RankingMetrics,
    RunDecision,
    RunDetails,
    RunMetrics,
)
from tagline.formats.document import Document, Record, UnreadableDocument, decoder
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.kinds import Kind
from tagline.formats.names import DATASET, InvalidName, run_name
from tagline.formats.outcomes import Champion, Decision, Latest, Outcome, Status
from tagline.formats.owners import check_run, owns_run
from tagline.formats.packed import PackedDataset
from tagline.formats.plan import Plan
from tagline.formats.ratings import RatingsDataset
from tagline.formats.ratings_keys import RatingsKeys
from tagline.formats.recommending import RatingsMetrics
from tagline.formats.tasks import Task
from tagline.planning.by_hand import set_by_hand

if TYPE_CHECKING:
    from tagline.serving.endpoints import Health  # more than the function `tag` may load

_READERS = 16  # S3 answers in some 10 ms; a page of documents is read side by side
HTML, TEXT = "text/html; charset=utf-8", "text/plain; charset=utf-8"
STATUS_SECONDS = 30.0  # how long a run's ending is told again without a look
_NEWEST = 20  # runs that are looked at for one that goes on
KEPT_DAYS = 30  # a list version that was overwritten is kept so long (template.yaml)
RUNNING = "Running"  # the state of a run that has no status.json yet
_UNREADABLE = "Unreadable"  # the state of a run whose status.json is damaged
_WITHOUT_MODEL = {Outcome.UNCHANGED, Outcome.REDEPLOYED}
_VALUES_KEPT = 10_000  # runs whose primary metric, which never changes, is remembered
_UNKNOWN = ("mAP", None)
_MOST_CONFUSED = 200  # labels, of a confusion matrix that is shown
_LAST = "9999"  # sorts a run that has not written its plan yet as the newest
S = TypeVar("S", bound=msgspec.Struct)
C = TypeVar("C", bound=ChampionSummary)


class Catalog:
    """Datasets and runs of one data bucket, as the documents they left say."""

    def __init__(self, bucket: DataBucket, clock: Callable[[], float] = time.monotonic) -> None:
        self._bucket = bucket
        self._clock = clock
        self._ended: dict[str, tuple[float, RunSummary]] = {}
        self._values: dict[str, tuple[str, float | None]] = {}
        self._marks = Marks(bucket)

    def datasets(self, page: Page, sees: Callable[[str], bool] = bool) -> Datasets:
        """Return one page of the datasets that a caller sees, by name, with their champions."""
        names = filter(DATASET.fullmatch, self._bucket.folders("", page.after))
        found = list(islice(filter(sees, names), page.limit + 1))
        names_shown = found[: page.limit]
        with ThreadPoolExecutor(_READERS) as pool:
            datasets = list(pool.map(self._summary, names_shown))
        return Datasets(
            datasets=datasets,
            next=names_shown[-1] if len(found) > page.limit else None,
        )

    def dataset(
        self,
        dataset: str,
        health: "Callable[[Champion], Health]",
        changes_refused: str | None,
    ) -> DatasetDetails:
        """Return a dataset: champion, labels and row counts of the run judged last, or a 404.

        `health` looks at a champion's endpoint; `changes_refused` is why the caller may change
        nothing.
        """
        self.known(dataset)
        champion = self._champion(dataset)
        latest = self._bucket.whole(DatasetKeys(dataset).latest, Latest) or champion
        if latest is not None:
            check_run(dataset, latest.run, f"what dataset {dataset} was judged by last")
        packed = latest and self._bucket.packed(RunKeys(latest.run))
        return DatasetDetails(
            dataset=dataset,
            champion=_champion(champion, ChampionDetails),
            health=shown(health(champion), EndpointHealth) if champion else None,
            kind=self._kind(dataset, champion, packed),
            labels=list(packed.labels) if isinstance(packed, PackedDataset) else [],
            task=packed.task if isinstance(packed, PackedDataset) else Task.MULTI,
            counts=shown(packed, Counts),
            thresholds=dict(set_by_hand(self._bucket, dataset)),
            changes_refused=changes_refused,
        )

    def _kind(
        self, dataset: str, champion: Champion | None, packed: Document | None
    ) -> Literal["images", "ratings"]:
        if champion:
            ratings = champion.kind is Kind.RATINGS
        elif packed:
            ratings = isinstance(packed, RatingsDataset)
        else:
            ratings = self._bucket.holds(RatingsKeys(dataset).ratings)
        return "ratings" if ratings else "images"

    def runs(self, dataset: str, page: Page) -> Runs:
        """Return one page of a dataset's runs, newest first, or a 404."""
        self.known(dataset)
        names = self.newest_first(dataset)
        if page.after is not None and page.after not in names:
            raise not_found("unknown_run", f"next: dataset {dataset} has no run {page.after}.")
        found = list(islice(names, page.limit + 1))
        with ThreadPoolExecutor(_READERS) as pool:
            runs = list(pool.map(self.summary, found[: page.limit]))
        more = len(found) > page.limit
        return Runs(dataset=dataset, runs=runs, next=runs[-1].run if more else None)

    def run(self, run: str) -> RunDetails:
        """Return all that is known of a run, or a 404; what it has not reached is null."""
        keys = RunKeys(run)
        if not self._bucket.holds(keys.prefix):
            raise not_found("unknown_run", f"There is no run {run}.")
        with ThreadPoolExecutor(_READERS) as pool:
            plan = pool.submit(self._bucket.whole, keys.plan, Plan)
            packed = pool.submit(self._bucket.packed, keys)
            metrics = pool.submit(self._bucket.metrics, keys)
            decision = pool.submit(self._bucket.whole, keys.decision, Decision)
            report = pool.submit(self._bucket.link, keys.report, HTML)
            rejects = pool.submit(self._bucket.link, keys.rejects, TEXT)
            verdicts = pool.submit(self._bucket.link_of_lines, keys.verdicts, TEXT)
            suspects = pool.submit(self._bucket.link, keys.suspects, TEXT)
        planned, measured = plan.result(), metrics.result()
        ranked = isinstance(measured, RatingsMetrics)
        return RunDetails(
            dataset=keys.dataset,
            **msgspec.structs.asdict(self.summary(run)),
            list=shown(planned and planned.list, ListShown),
            counts=shown(packed.result() or planned, Counts),
            metrics=None if ranked else _without_vast(shown(measured, RunMetrics)),
            ranking=shown(measured, RankingMetrics) if ranked else None,
            decision=shown(decision.result(), RunDecision),
            report=report.result(),
            rejects=rejects.result(),
            verdicts=verdicts.result(),
            suspects=suspects.result(),
        )

    def summary(self, run: str) -> RunSummary:
        """Return how a run ended, its marks, and how good its model is."""
        found = self._status(run)
        found = msgspec.structs.replace(found, **msgspec.structs.asdict(self._marks.of(found)))
        if found.outcome is None or found.outcome in _WITHOUT_MODEL:
            return found
        if run not in self._values:
            metrics = self._bucket.metrics(RunKeys(run))
            if len(self._values) >= _VALUES_KEPT:
                self._values.clear()
            self._values[run] = (metrics.primary_metric, metrics.value) if metrics else _UNKNOWN
        metric, value = self._values[run]
        as_map = value if metric == "mAP" else None
        return msgspec.structs.replace(found, mAP=as_map, metric=metric, value=value)

    def has_dataset(self, dataset: str) -> bool:
        """Tell whether anything lies under a dataset's name."""
        return self._bucket.holds(f"{dataset}/")

    def known(self, dataset: str) -> str:
        """Return the dataset's name, or raise a 404 where nothing lies under it."""
        if not self.has_dataset(dataset):
            raise not_found("unknown_dataset", f"There is no dataset {dataset}.")
        return dataset

    def running(self, dataset: str) -> list[str]:
        """Return those of a dataset's newest runs that go on, newest first."""
        newest = self._statuses(list(islice(self.newest_first(dataset), _NEWEST)))
        return [run.run for run in newest if run.state == RUNNING]

    def newest_first(self, dataset: str) -> Iterator[str]:
        """Yield a dataset's runs, the last one dropped first."""
        keys = DatasetKeys(dataset)
        there = {run for run in self._bucket.folders(keys.runs) if owns_run(dataset, run)}
        dropped: dict[str, str] = {}
        for version in chain.from_iterable(
            map(self._bucket.versions, (keys.lists, RatingsKeys(dataset).ratings))
        ):
            with suppress(InvalidName):  # no list
                run = run_name(self._bucket.name, version.key, version.version_id, version.etag)
                if run in there:
                    dropped[run] = f"{version.written:%Y-%m-%dT%H:%M:%SZ}"
        gone = sorted(there - dropped.keys())
        now = datetime.now(UTC)
        kept_since = f"{now - timedelta(days=KEPT_DAYS):%Y-%m-%dT%H:%M:%SZ}" if gone else ""
        ordered = sorted(dropped, key=lambda run: (dropped[run], run), reverse=True)
        yield from takewhile(lambda run: dropped[run] >= kept_since, ordered)
        older = {run: at for run, at in dropped.items() if at < kept_since}
        older |= {run.run: run.started or _LAST for run in self._statuses(gone)}
        yield from sorted(older, key=lambda run: (older[run], run), reverse=True)

    def _statuses(self, runs: Sequence[str]) -> list[RunSummary]:
        with ThreadPoolExecutor(_READERS) as pool:
            return list(pool.map(self._status, runs))

    def _status(self, run: str) -> RunSummary:
        read, ended = self._ended.get(run, (0.0, None))
        if ended is None or self._clock() - read >= STATUS_SECONDS:
            keys = RunKeys(run)
            try:
                status = shown(self._bucket.get(keys.status, Status), RunSummary)
            except UnreadableDocument as exc:
                return RunSummary(
                    run=run,
                    outcome=None,
                    state=_UNREADABLE,
                    reason=str(exc),
                    started=self._bucket.written(keys.plan),
                    ended=None,
                )
            if status is None:
                begun = self._bucket.written(keys.plan)
                return RunSummary(
                    run=run, outcome=None, state=RUNNING, reason=None, started=begun, ended=None
                )
            self._ended[run] = (self._clock(), status)
            return status
        return ended

    def _summary(self, dataset: str) -> DatasetSummary:
        try:
            champion = _champion(self._champion(dataset), ChampionSummary)
        except (UnreadableDocument, msgspec.ValidationError) as exc:
            return DatasetSummary(dataset=dataset, champion=None, problem=str(exc))
        return DatasetSummary(dataset=dataset, champion=champion, problem=None)

    def _champion(self, dataset: str) -> Champion | None:
        return self._bucket.get(DatasetKeys(dataset).champion, Champion)


def _without_vast(metrics: RunMetrics | None) -> RunMetrics | None:
    """Return metrics without a matrix that an answer has no room for."""
    if metrics is None or len(metrics.labels) <= _MOST_CONFUSED:
        return metrics
    return msgspec.structs.replace(metrics, confusion=None)


def shown(document: Document | Record | None, kind: type[S]) -> S | None:
    """Return the keys of a document that the API shows."""
    if document is None:
        return None
    decoder(kind)  # threads come here
    return msgspec.convert(document, kind, from_attributes=True)


def _champion(champion: Champion | None, kind: type[C]) -> C | None:
    if champion is None:
        return None
    more = {"since": champion.created, "value": champion.primary}
    decoder(kind)
    return msgspec.convert(msgspec.to_builtins(champion) | more, kind)
