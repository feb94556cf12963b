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
    Relabelled,
    RunComparison,
    RunDifference,
)
from tagline.api.documents import Counts, RunSummary
from tagline.api.problem import bad_request, not_found
from tagline.api.requests import only
from tagline.formats.document import UnreadableDocument
from tagline.formats.keys import RunKeys
from tagline.formats.kinds import Kind
from tagline.formats.models import Difference, LabelMetrics, Metrics
from tagline.formats.owners import owns_run
from tagline.formats.packed import PackedDataset
from tagline.formats.plan import Plan
from tagline.formats.rows import IndexedImage

_READERS = 8
_LEVEL = 0.95  # of the intervals of labels in metrics.json
_MOST_INDEX_BYTES = 16 << 20  # of each run's images.jsonl: some 100,000 images


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
    catalog: Catalog,
    bucket: DataBucket,
    dataset: str,
    asked: tuple[str, str],
    most: int = _MOST_INDEX_BYTES,
) -> RunComparison:
    """Return two runs of a dataset side by side, or raise a 404.

    Images are looked at one by one where the index of either run has at most so many bytes.
    """
    for run in asked:
        if not owns_run(dataset, run) or not bucket.holds(RunKeys(run).prefix):
            raise not_found("unknown_run", f"Dataset {dataset} has no run {run}.")
    with ThreadPoolExecutor(_READERS) as pool:
        first, second = pool.map(lambda run: _read(catalog, bucket, run), asked)
    judged = _judged(first, second)
    found = judged[0].metrics.difference if judged and judged[0].metrics else None
    return RunComparison(
        dataset=dataset,
        runs=[_side(first), _side(second)],
        same_images=_same_images(first, second),
        relabelled=_relabelled(bucket, first, second, most),
        difference=_turned(found, judged[1]) if judged and found else None,
        resized=_resized(judged[0]) if judged else None,
        compared_as=judged[0].summary.run if judged else None,
        labels=_labels(first, second),
        settings=list(_settings(first.plan, second.plan)),
    )


def _read(catalog: Catalog, bucket: DataBucket, run: str) -> _Run:
    keys = RunKeys(run)
    plan = bucket.whole(keys.plan, Plan)
    images = plan is None or plan.kind is Kind.IMAGES  # the files of ratings have other keys
    return _Run(
        catalog.summary(run),
        plan,
        bucket.whole(keys.packed_dataset, PackedDataset) if images else None,
        bucket.whole(keys.metrics, Metrics) if images else None,
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


def _relabelled(bucket: DataBucket, first: _Run, second: _Run, most: int) -> Relabelled | None:
    """Count the images that both were judged on, and those whose labels differ."""
    if not (first.metrics and second.metrics):  # of ratings, or not evaluated
        return None
    before, after = (_judged_labels(bucket, run, most) for run in (first, second))
    if before is None or after is None:
        return None
    both = before.keys() & after.keys()
    return Relabelled(images=len(both), changed=sum(before[at] != after[at] for at in both))


def _judged_labels(bucket: DataBucket, run: _Run, most: int) -> dict[str, str] | None:
    """Return a digest of the labels of each image that a run was judged on, where it tells."""
    key = RunKeys(run.summary.run).images
    head = bucket.head(key)
    if run.metrics is None or head is None or head.size > most:
        return None
    side = run.metrics.judged_on
    try:
        judged = [image for image in bucket.lines(key, IndexedImage) if image.side == side]
    except UnreadableDocument:
        return None
    found = {image.image: image.labels for image in judged if image.labels is not None}
    return found if judged and len(found) == len(judged) else None


def _judged(first: _Run, second: _Run) -> tuple[_Run, int] | None:
    """Return the one whose evaluation looked at both, and 1 where it is the second, else -1.

    The other was the champion then.
    """
    for judged, other, sign in ((second, first, 1), (first, second, -1)):
        metrics = judged.metrics
        if metrics and metrics.champion and metrics.champion.run == other.summary.run:
            return judged, sign
    return None


def _resized(judged: _Run) -> str | None:
    champion = judged.metrics.champion if judged.metrics else None
    return champion.resized_said if champion else None


def _turned(found: Difference, sign: int) -> RunDifference:
    forward = sign > 0
    probability = found.probability
    return RunDifference(
        mAP=None if found.mAP is None else sign * found.mAP,
        macro_recall=None if found.macro_recall is None else sign * found.macro_recall,
        bound=found.bound if forward else None,
        confidence=found.confidence if forward else None,
        probability=probability if forward or probability is None else 1 - probability,
        images=found.images,
        interval=_interval(found.low, found.high, found.level, sign),
    )


def _interval(low: float | None, high: float | None, level: float, sign: int) -> Interval | None:
    if low is None or high is None:
        return None
    low, high = sorted((sign * low, sign * high))
    return Interval(low=low, high=high, level=level)


def _labels(first: _Run, second: _Run) -> list[ComparedLabel]:
    sides = [{row.label: row for row in run.metrics.labels} if run.metrics else {}
             for run in (first, second)]  # fmt: skip
    names = dict.fromkeys(name for side in sides for name in side)
    judged = _judged(first, second)
    sign = judged[1] if judged else 0
    return [_label(name, [side.get(name) for side in sides], sign) for name in names]


def _label(name: str, rows: list[LabelMetrics | None], sign: int) -> ComparedLabel:
    def both(key: str) -> list[Any]:
        return [None if row is None else getattr(row, key) for row in rows]

    recalls = both("recall")
    before, after = both("ap") if None in recalls else recalls
    own = None if before is None or after is None else after - before
    told = {1: rows[1], -1: rows[0]}.get(sign)
    return ComparedLabel(
        label=name,
        ap=both("ap"),
        recall=recalls,
        f1=both("f1"),
        support=both("support"),
        difference=own if told is None or told.gain is None else sign * told.gain,
        interval=_interval(told.gain_low, told.gain_high, _LEVEL, sign) if told else None,
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
