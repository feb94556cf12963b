"""From a run's fetched shards to its packed channels, in five steps.

Read the plan, pack every shard, account for every row, write the channels, and only then make the
dataset visible (`im2rec.run.publishing`). One task does all of it here; several tasks share the
packing in `im2rec.run.parts` and `im2rec.run.join`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from im2rec.errors import PackFailed
from im2rec.pool import PackingPool
from im2rec.records import Item, Packed, labelled
from im2rec.run.channels import NAMES, Channels
from im2rec.run.earlier import EarlierRecords, earlier_records
from im2rec.run.plan import Plan
from im2rec.run.progress import Progress
from im2rec.run.publishing import RECORDS, account, publish
from im2rec.run.rows import Row, Verdict
from im2rec.run.shards import Shard, read_shards
from im2rec.run.store import MissingObject, RunStore


@dataclass(frozen=True)
class Workshop:
    """What packing works with: a folder for files, a number of processes, a progress to tell."""

    folder: Path
    workers: int
    progress: Progress


def pack_run(store: RunStore, folder: Path, workers: int, report: TextIO) -> None:
    """Pack the run of `store`, using `folder` for files; raise PackFailed with the reason if not.

    The record files are the same bytes for any number of `workers`. Progress goes to `report`.
    """
    plan = Plan.of_run(store)
    verdicts = plan_rejects(store, plan)
    shards = [shard["shard"] for shard in store.read_json(store.keys.of("shards.json"))]
    progress = Progress(plan.rows, report)
    progress.count(verdicts)
    with Channels(folder, len(plan.labels)) as channels:
        verdicts += pack_shards(store, plan, shards, channels, Workshop(folder, workers, progress))
    account(store, folder, plan, verdicts, channels.facts)
    for split, name in NAMES.items():
        store.upload(channels[split].path, store.keys.packed(name), RECORDS)
    publish(store, plan, channels.facts)


def plan_rejects(store: RunStore, plan: Plan) -> list[Verdict]:
    """Return the verdicts on the rows that the plan rejected."""
    try:
        rejects = list(store.read_lines(store.keys.of("plan-rejects.jsonl")))
    except MissingObject:
        if plan.rejected:
            raise
        rejects = []
    return [Verdict.of_reject(reject) for reject in rejects]


def pack_shards(
    store: RunStore,
    plan: Plan,
    shards: Sequence[str],
    channels: Channels,
    shop: Workshop,
) -> list[Verdict]:
    """Pack these shards in their order into `channels`; return the verdicts on their rows."""
    verdicts: list[Verdict] = []
    with (
        earlier_records(store, plan, shop.folder) as earlier,
        PackingPool(plan.spec, shop.workers) as pool,
    ):
        for shard in read_shards(store, list(shards), shop.folder):
            payloads = _payloads(shard, pool, plan, earlier)
            verdicts.extend(_pack_shard(payloads, channels, shop.progress))
    shop.progress.finish()
    return verdicts


def _pack_shard(
    payloads: Iterable[tuple[Row, Packed]], channels: Channels, progress: Progress
) -> Iterator[Verdict]:
    for row, answer in payloads:
        if answer.payload is None:
            yield progress.counted(row.rejected(str(answer.reason), str(answer.detail)))
        else:
            channels[row.split].add(answer.payload, row.labels)
            yield progress.counted(row.accepted())


def _payloads(
    shard: Shard, pool: PackingPool, plan: Plan, earlier: EarlierRecords
) -> Iterator[tuple[Row, Packed]]:
    """Yield each row with its record, made of the fetched image or of the earlier run's."""
    answers = pool.pack(_items(shard, plan))
    for row, reject in shard.rows:
        if reject is not None:
            yield row, Packed(None, *reject)
        elif row.reuse is not None:
            _check_labels(row, plan)
            image = earlier.image(row.reuse)
            yield row, Packed(labelled(row.identifier, row.labels, image))
        else:
            yield row, next(answers)
    for _ in answers:  # there is none, but the shard's tar is looked at up to its end
        raise PackFailed(f"Shard {shard.name} has more images than rows: fetch again.")


def _items(shard: Shard, plan: Plan) -> Iterator[Item]:
    for row, data in shard.fetched():
        _check_labels(row, plan)
        yield Item(row.identifier, row.labels, data)


def _check_labels(row: Row, plan: Plan) -> None:
    if len(row.labels) != len(plan.labels):
        raise PackFailed(
            f"Line {row.line} has {len(row.labels)} labels, plan.json {len(plan.labels)}."
        )
