"""Batches as `tagline runs` lists them: how they ended, or how far they are."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from rich.console import Group

from tagline.aws.s3 import Bucket
from tagline.cli.outcome import styled
from tagline.cli.output import rows_table
from tagline.formats.batch_keys import BatchKeys, batches_of
from tagline.formats.batches import BatchPlan, BatchStatus
from tagline.formats.document import Record, UnreadableDocument
from tagline.formats.names import DATASET, RUN, check_dataset

_PARALLEL = 16
TAGGING = "Tagging"  # the one "outcome" of a batch that goes on
_UNREADABLE = "Unreadable"


class BatchShown(Record, kw_only=True):
    """A batch, with the keys that --json prints; those that a run has, too, mean the same."""

    run: str
    """The batch: it has a name like a run's."""
    dataset: str
    list: str | None
    """Key of the list."""
    outcome: str
    state: str | None
    reason: str | None
    images: int | None
    tagged: int | None
    rejected: int | None
    shards: int | None
    shards_done: int | None
    started: str | None
    ended: str | None


def read_batches(bucket: Bucket, dataset: str | None = None) -> list[BatchShown]:
    """Return every batch of one dataset or of all that was planned, or has failed before."""
    datasets = [check_dataset(dataset)] if dataset else bucket.folders("")
    names = [
        name
        for each in datasets
        if DATASET.fullmatch(each)
        for name in bucket.folders(batches_of(each))
        if RUN.fullmatch(name)
    ]
    with ThreadPoolExecutor(_PARALLEL) as pool:
        found = list(pool.map(lambda name: _shown(bucket, BatchKeys(name)), names))
    return [batch for batch in found if batch is not None]


def read_batch(bucket: Bucket, name: str) -> BatchShown | None:
    """Return a batch, or None where no batch of that name was planned or has failed."""
    return _shown(bucket, BatchKeys(name))


def _shown(bucket: Bucket, keys: BatchKeys) -> BatchShown | None:
    try:
        status, plan = bucket.get(keys.status, BatchStatus), bucket.get(keys.plan, BatchPlan)
    except UnreadableDocument as exc:
        return _batch(keys, outcome=_UNREADABLE, reason=str(exc))
    shards = plan.shards if plan else None
    if status is not None:
        return _batch(
            keys,
            list=status.list,
            outcome=status.outcome,
            state=status.state,
            reason=status.reason,
            images=plan.images if plan else None,
            tagged=status.tagged,
            rejected=status.rejected,
            shards=shards,
            shards_done=shards if status.tags else None,
            started=status.started,
            ended=status.ended,
        )
    if plan is None:
        return None
    return _batch(
        keys,
        list=plan.list.key,
        outcome=TAGGING,
        images=plan.images,
        shards=shards,
        shards_done=sum(1 for _ in bucket.keys(keys.done)),
        started=plan.started,
    )


def _batch(keys: BatchKeys, **known: object) -> BatchShown:
    blank = dict.fromkeys(BatchShown.__struct_fields__)
    return BatchShown(**blank | {"run": keys.batch, "dataset": keys.dataset} | known)  # type: ignore[arg-type]


def batches_table(batches: Iterable[BatchShown]) -> Group:
    """Return batches as people read them."""
    columns = ("Batch", "List", "Outcome", ">Images", ">Tagged", ">Rejected", "Started", "Said")
    return rows_table(columns, _rows(batches), title="Batches")


def _rows(batches: Iterable[BatchShown]) -> Iterator[tuple[object, ...]]:
    for batch in batches:
        said = batch.reason if batch.outcome != "Tagged" else None
        if batch.outcome == TAGGING:
            said = f"{batch.shards_done} of {batch.shards} shards"
        counts = (
            None if n is None else f"{n:,}" for n in (batch.images, batch.tagged, batch.rejected)
        )
        started = (batch.started or "").replace("T", " ")[:19]
        yield batch.run, batch.list, styled(batch.outcome), *counts, started, said
