"""Two runs side by side, by what their evaluations left."""

import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import structs

from tagline.api.bucket import DataBucket
from tagline.api.catalog import Catalog, shown
from tagline.api.comparing_documents import (
    TWO_RUNS,
    ComparedLabel,
    ComparedRun,
    ComparedScores,
    ComparedSetting,
    Interval,
    RunComparison,
    RunDifference,
)
from tagline.api.documents import Counts, RunSummary
from tagline.api.problem import bad_request, not_found
from tagline.api.requests import only
from tagline.formats.keys import RunKeys
from tagline.formats.models import Difference, LabelMetrics, Metrics
from tagline.formats.owners import owns_run
from tagline.formats.packed import PackedDataset
from tagline.formats.plan import Plan

_READERS = 8


@dataclass(frozen=True)
class _Run:
    summary: RunSummary
    plan: Plan | None
    packed: PackedDataset | None
    metrics: Metrics | None


def two_runs(query: Mapping[str, str]) -> tuple[str, str]:
    """Return the two names of `runs=A,B`, or raise a 400."""
    only(query, "runs")
    names = query.get("runs", "")
    if not re.fullmatch(TWO_RUNS.strip("^$"), names):
        raise bad_request("bad_query", "runs must name two runs, a comma between them: runs=A,B.")
    first, _, second = names.partition(",")
    return first, second


def compare(
    catalog: Catalog, bucket: DataBucket, dataset: str, asked: tuple[str, str]
) -> RunComparison:
    """Return two runs of a dataset side by side, or raise a 404."""
    for run in asked:
        if not owns_run(dataset, run) or not bucket.holds(RunKeys(run).prefix):
            raise not_found("unknown_run", f"Dataset {dataset} has no run {run}.")
    with ThreadPoolExecutor(_READERS) as pool:
        first, second = pool.map(lambda run: _read(catalog, run), asked)
    difference, by = _difference(first, second)
    return RunComparison(
        dataset=dataset,
        runs=[_side(first), _side(second)],
        same_images=_same_images(first, second),
        difference=difference,
        compared_as=by,
        labels=_labels(first.metrics, second.metrics),
        settings=list(_settings(first.plan, second.plan)),
    )


def _read(catalog: Catalog, run: str) -> _Run:
    keys = RunKeys(run)
    return _Run(
        catalog.summary(run),
        catalog.whole(keys.plan, Plan),
        catalog.whole(keys.packed_dataset, PackedDataset),
        catalog.whole(keys.metrics, Metrics),
    )


def _side(run: _Run) -> ComparedRun:
    return ComparedRun(
        **structs.asdict(run.summary),
        metrics=shown(run.metrics, ComparedScores),
        counts=shown(run.packed or run.plan, Counts),
    )


def _same_images(first: _Run, second: _Run) -> bool | None:
    """Tell by the digests of the record files that the models were judged on."""
    if not (first.metrics and second.metrics and first.packed and second.packed):
        return None
    seen = [
        (run.metrics.judged_on, getattr(run.packed.sha256, run.metrics.judged_on))
        for run in (first, second)
        if run.metrics and run.packed
    ]
    return seen[0] == seen[1]


def _difference(first: _Run, second: _Run) -> tuple[RunDifference | None, str | None]:
    """Return what an evaluation of one said of the other, which was the champion then."""
    for judged, other, sign in ((second, first, 1), (first, second, -1)):
        metrics = judged.metrics
        if metrics and metrics.champion and metrics.champion.run == other.summary.run:
            found = metrics.difference
            return (_turned(found, sign) if found else None), judged.summary.run
    return None, None


def _turned(found: Difference, sign: int) -> RunDifference:
    bounds = [found.low, found.high]
    interval = None
    if found.low is not None and found.high is not None:
        low, high = sorted(sign * bound for bound in bounds if bound is not None)
        interval = Interval(low=low, high=high, level=found.level)
    forward = sign > 0
    probability = found.probability
    return RunDifference(
        mAP=None if found.mAP is None else sign * found.mAP,
        bound=found.bound if forward else None,
        confidence=found.confidence if forward else None,
        probability=probability if forward or probability is None else 1 - probability,
        images=found.images,
        interval=interval,
    )


def _labels(first: Metrics | None, second: Metrics | None) -> list[ComparedLabel]:
    sides = [{row.label: row for row in metrics.labels} if metrics else {}
             for metrics in (first, second)]  # fmt: skip
    names = dict.fromkeys(name for side in sides for name in side)
    return [_label(name, [side.get(name) for side in sides]) for name in names]


def _label(name: str, rows: list[LabelMetrics | None]) -> ComparedLabel:
    def both(key: str) -> list[Any]:
        return [None if row is None else getattr(row, key) for row in rows]

    before, after = both("ap")
    return ComparedLabel(
        label=name,
        ap=[before, after],
        f1=both("f1"),
        support=both("support"),
        difference=None if before is None or after is None else after - before,
    )


def _settings(first: Plan | None, second: Plan | None) -> Iterator[ComparedSetting]:
    if first is None or second is None:
        return
    sides = [dict(_flat(msgspec.to_builtins(plan.settings))) for plan in (first, second)]
    for name in dict.fromkeys([*sides[0], *sides[1]]):
        told = [side.get(name) for side in sides]
        if told[0] != told[1]:
            yield ComparedSetting(name=name, first=told[0], second=told[1])


def _flat(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for name, value in node.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{name}.")
        elif value is not None:
            yield f"{path}{name}", json.dumps(value)
