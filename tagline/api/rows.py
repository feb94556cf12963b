"""A list's rows as a run found them: rejects by reason, label counts, near-copies, doubts."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import msgspec

from tagline.api.bucket import DataBucket
from tagline.api.catalog import TEXT, Catalog, shown
from tagline.api.documents import Counts
from tagline.api.problem import bad_request, not_found
from tagline.api.requests import only
from tagline.api.rows_documents import (
    CopiesShown,
    LabelRows,
    ReasonRows,
    RowsHealth,
    RowShown,
    SuspectShown,
)
from tagline.formats.keys import RunKeys
from tagline.formats.names import RUN
from tagline.formats.owners import owns_run
from tagline.formats.packed import PackedDataset, pictures_said
from tagline.formats.plan import Plan
from tagline.formats.ratings import RatingsDataset
from tagline.formats.reasons import MEANING, Reason
from tagline.formats.rows import Reject, Rejected, count_rejects
from tagline.formats.suspects import Suspect

_LOOKED_AT = 20  # runs, for one that has read its list
_READ = 2 << 20  # bytes of rejects.jsonl where nobody has counted them
_SUSPECTS, _SUSPECT_BYTES = 20, 256 << 10
_READERS = 8


def asked_run(query: Mapping[str, str], dataset: str) -> str | None:
    """Return the run of `run=`, None without; raises a 400, or a 404 for another dataset's."""
    only(query, "run")
    run = query.get("run")
    if run is not None and not RUN.fullmatch(run):
        raise bad_request("bad_query", "run must be the name of a run.")
    if run is not None and not owns_run(dataset, run):
        raise not_found("unknown_run", f"Dataset {dataset} has no run {run}.")
    return run


def rows(catalog: Catalog, bucket: DataBucket, dataset: str, asked: str | None) -> RowsHealth:
    """Return what is known of the rows of a run, or of the newest run that has read its list.

    Raises a 404 for a run that is not there.
    """
    if asked is not None and not bucket.holds(RunKeys(asked).prefix):
        raise not_found("unknown_run", f"There is no run {asked}.")
    names = [asked] if asked else islice(catalog.newest_first(dataset), _LOOKED_AT)
    run = next((run for run in names if asked or _has_read(bucket, RunKeys(run))), None)
    if run is None:
        return _nothing(dataset)
    keys = RunKeys(run)
    with ThreadPoolExecutor(_READERS) as pool:
        planned = pool.submit(bucket.whole, keys.plan, Plan)
        found = pool.submit(bucket.packed, keys)
        suspects = pool.submit(bucket.head_lines, keys.suspects, Suspect, _SUSPECT_BYTES)
        links = [
            pool.submit(link, key, TEXT)
            for link, key in (
                (bucket.link, keys.suspects),
                (bucket.link, keys.rejects),
                (bucket.link_of_lines, keys.verdicts),
            )
        ]
    plan, whole = planned.result(), found.result()
    packed = whole if isinstance(whole, PackedDataset) else None
    counted = whole or plan
    rejected, complete = _rejected(bucket, keys, plan, whole)
    doubted, _ = suspects.result()
    suspects_file, rejects_file, verdicts_file = (link.result() for link in links)
    return RowsHealth(
        dataset=dataset,
        run=run,
        stage="packed" if whole else "planned" if plan else "refused",
        counts=shown(counted, Counts),
        rejected=[_reason(reason, each) for reason, each in rejected.items()],
        complete=complete,
        labels=list(_labels(plan, packed)),
        near_copies=shown(packed.near_copies, CopiesShown) if packed else None,
        notes=pictures_said(packed) if packed else [],
        suspects=msgspec.convert(doubted[:_SUSPECTS], list[SuspectShown], from_attributes=True),
        suspects_file=suspects_file,
        rejects_file=rejects_file,
        verdicts_file=verdicts_file,
    )


def _has_read(bucket: DataBucket, keys: RunKeys) -> bool:
    return bucket.head(keys.plan) is not None or bucket.head(keys.rejects) is not None


def _nothing(dataset: str) -> RowsHealth:
    return RowsHealth(
        dataset=dataset,
        run=None,
        stage=None,
        counts=None,
        rejected=[],
        complete=True,
        labels=[],
        near_copies=None,
        notes=[],
        suspects=[],
        suspects_file=None,
        rejects_file=None,
        verdicts_file=None,
    )


def _rejected(
    bucket: DataBucket,
    keys: RunKeys,
    plan: Plan | None,
    packed: PackedDataset | RatingsDataset | None,
) -> tuple[Mapping[Reason, Rejected], bool]:
    """Return the rejects by reason: as plan or packing counted them, else the file's beginning."""
    counted = packed or plan
    if counted is not None and (counted.reasons or not counted.rejected):
        return counted.reasons, True
    file = keys.rejects if packed or not plan else keys.plan_rejects
    first, whole = bucket.head_lines(file, Reject, _READ)
    return count_rejects(first), whole


def _reason(reason: Reason, rejected: Rejected) -> ReasonRows:
    return ReasonRows(
        reason=reason,
        meaning=MEANING[reason],
        count=rejected.count,
        first=msgspec.convert(msgspec.to_builtins(rejected.first), list[RowShown]),
    )


def _labels(plan: Plan | None, packed: PackedDataset | None) -> Iterator[LabelRows]:
    if packed is not None:
        for label in packed.labels:
            sides = packed.positives[label]
            yield LabelRows(
                label=label,
                images=sides.train + sides.validation + sides.test,
                train=sides.train,
                validation=sides.validation,
                test=sides.test,
            )
    elif plan is not None:
        for label in plan.labels:
            images = plan.positives.get(label, 0)
            yield LabelRows(label=label, images=images, train=None, validation=None, test=None)
