"""Reads what runs leave in the data bucket."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from tagline.cli.target import Target
from tagline.formats.document import D, Document, UnreadableDocument
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.models import Metrics
from tagline.formats.names import DATASET, RUN, check_dataset
from tagline.formats.outcomes import Status
from tagline.formats.recommending import RatingsMetrics
from tagline.formats.steps import TrainPlan, TunePlan

T = TypeVar("T")
_PARALLEL = 16


@dataclass(frozen=True)
class RunRecord:
    """One run, as far as it has come; what is not there yet is None."""

    run: str
    dataset: str
    status: Status | None
    metrics: Metrics | RatingsMetrics | None
    problem: str | None = None
    """What of it is damaged; taken as absent."""


def read_run(target: Target, run: str) -> RunRecord:
    """Return what a run says about itself."""
    keys = RunKeys(run)
    status = target.bucket.get(keys.status, Status)
    metrics = target.bucket.either(keys.metrics, Metrics, RatingsMetrics)
    return RunRecord(run, keys.dataset, status, metrics)


class _Training(Document, kw_only=True):
    """Of training.json what tells its type."""

    mode: str


def read_training(target: Target, run: str) -> TrainPlan | TunePlan | None:
    """Return how a run was trained or tuned; None where it has not come so far."""
    key = RunKeys(run).training_plan
    found = target.bucket.get(key, _Training)
    if found is None:
        return None
    if found.mode == "tune":
        return target.bucket.read(key, TunePlan)
    return target.bucket.read(key, TrainPlan)


def _read_in_row(target: Target, run: str) -> RunRecord:
    """Return the same for a listing, in which a damaged document costs itself alone."""
    keys = RunKeys(run)
    status, no_status = readable(target, keys.status, Status)
    metrics: Metrics | RatingsMetrics | None
    metrics, no_metrics = whole(lambda: target.bucket.either(keys.metrics, Metrics, RatingsMetrics))
    problems = "; ".join(filter(None, (no_status, no_metrics)))
    return RunRecord(run, keys.dataset, status, metrics, problems or None)


def readable(target: Target, key: str, kind: type[D]) -> tuple[D | None, str | None]:
    """Return a document, if it is there and whole, and what is wrong with it otherwise."""
    return whole(lambda: target.bucket.get(key, kind))


def whole(read: Callable[[], T | None]) -> tuple[T | None, str | None]:
    """Return what is read, if it is there and whole, and what is wrong with it otherwise."""
    try:
        return read(), None
    except UnreadableDocument as exc:
        return None, str(exc)


def read_runs(target: Target, dataset: str | None = None) -> list[RunRecord]:
    """Return every run of one dataset or of all."""
    datasets = [check_dataset(dataset)] if dataset else target.bucket.folders("")
    names = [
        name
        for each in datasets
        if DATASET.fullmatch(each)  # else somebody's other folder in the bucket
        for name in target.bucket.folders(DatasetKeys(each).runs)
        if RUN.fullmatch(name)
    ]
    with ThreadPoolExecutor(_PARALLEL) as pool:
        return list(pool.map(lambda name: _read_in_row(target, name), names))
