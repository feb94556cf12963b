"""Reads what runs leave in the data bucket."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tagline.cli.target import Target
from tagline.formats.document import D, UnreadableDocument
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.models import Metrics
from tagline.formats.names import DATASET, RUN, check_dataset
from tagline.formats.outcomes import Status

_PARALLEL = 16


@dataclass(frozen=True)
class RunRecord:
    """One run, as far as it has come; what is not there yet is None."""

    run: str
    dataset: str
    status: Status | None
    metrics: Metrics | None
    problem: str | None = None
    """What of it is damaged; taken as absent."""


def read_run(target: Target, run: str) -> RunRecord:
    """Return what a run says about itself."""
    keys = RunKeys(run)
    status = target.bucket.get(keys.status, Status)
    return RunRecord(run, keys.dataset, status, target.bucket.get(keys.metrics, Metrics))


def _read_in_row(target: Target, run: str) -> RunRecord:
    """Return the same for a listing, in which a damaged document costs itself alone."""
    keys = RunKeys(run)
    status, no_status = readable(target, keys.status, Status)
    metrics, no_metrics = readable(target, keys.metrics, Metrics)
    problems = "; ".join(filter(None, (no_status, no_metrics)))
    return RunRecord(run, keys.dataset, status, metrics, problems or None)


def readable(target: Target, key: str, kind: type[D]) -> tuple[D | None, str | None]:
    """Return a document, if it is there and whole, and what is wrong with it otherwise."""
    try:
        return target.bucket.get(key, kind), None
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
