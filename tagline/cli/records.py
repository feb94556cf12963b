"""Reads what runs leave in the data bucket."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tagline.cli.target import Target
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


def read_run(target: Target, run: str) -> RunRecord:
    """Return what a run says about itself."""
    keys = RunKeys(run)
    status = target.bucket.get(keys.status, Status)
    return RunRecord(run, keys.dataset, status, target.bucket.get(keys.metrics, Metrics))


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
        return list(pool.map(lambda name: read_run(target, name), names))
