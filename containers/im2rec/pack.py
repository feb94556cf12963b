"""From a run's fetched shards to its packed channels, in five steps.

Read the plan, pack every shard, account for every row, write the channels, and only then make the
dataset visible: dataset.json is the last object of the run's own, the copies under the dataset
follow it.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from im2rec.accounting import check_every_row_once, check_usable
from im2rec.channels import Channels
from im2rec.dataset import describe
from im2rec.errors import PackFailed
from im2rec.plan import Plan
from im2rec.pool import PackingPool
from im2rec.progress import Progress
from im2rec.records import Item
from im2rec.rows import Row, Verdict
from im2rec.shards import Shard, read_shards
from im2rec.store import MissingObject, RunStore, write_lines
from tagline.layout import DatasetKeys

_JSON, _JSON_LINES, _RECORDS = "application/json", "application/jsonl", "application/x-recordio"


def pack_run(store: RunStore, folder: Path, workers: int, report: TextIO) -> None:
    """Pack the run of `store`, using `folder` for files; raise PackFailed with the reason if not.

    The record files are the same bytes for any number of `workers`. Progress goes to `report`.
    """
    plan = Plan.from_dict(store.read_json(store.keys.of("plan.json")))
    verdicts = _plan_rejects(store, plan)
    shards = [shard["shard"] for shard in store.read_json(store.keys.of("shards.json"))]
    progress = Progress(plan.rows, report)
    progress.count(verdicts)
    with Channels(folder, len(plan.labels)) as channels, PackingPool(plan.spec, workers) as pool:
        for shard in read_shards(store, shards, folder):
            packed = list(_pack_shard(shard, pool, plan, channels, progress))
            verdicts.extend(packed)
    progress.finish()
    verdicts.sort(key=lambda verdict: verdict.line)
    check_every_row_once(plan, verdicts)
    _write_verdicts(store, folder, verdicts)
    check_usable(plan, verdicts, channels)
    _publish(store, plan, channels)


def _plan_rejects(store: RunStore, plan: Plan) -> list[Verdict]:
    try:
        rejects = list(store.read_lines(store.keys.of("plan-rejects.jsonl")))
    except MissingObject:
        if plan.rejected:
            raise
        rejects = []
    return [Verdict.of_reject(reject) for reject in rejects]


def _pack_shard(
    shard: Shard, pool: PackingPool, plan: Plan, channels: Channels, progress: Progress
) -> Iterator[Verdict]:
    for row, reject in shard.rows:
        if reject is not None:
            yield progress.counted(row.rejected(*reject))
    sent: list[Row] = []
    answers = pool.pack(_items(shard, plan, sent))
    for position, answer in enumerate(answers):
        row = sent[position]
        if answer.payload is None:
            yield progress.counted(row.rejected(str(answer.reason), str(answer.detail)))
        else:
            channels[row.split].add(answer.payload, row.labels)
            yield progress.counted(row.accepted())


def _items(shard: Shard, plan: Plan, sent: list[Row]) -> Iterator[Item]:
    for row, data in shard.fetched():
        if len(row.labels) != len(plan.labels):
            raise PackFailed(
                f"Line {row.line} has {len(row.labels)} labels, plan.json {len(plan.labels)}."
            )
        sent.append(row)
        yield Item(row.identifier, row.labels, data)


def _write_verdicts(store: RunStore, folder: Path, verdicts: list[Verdict]) -> None:
    accepted_too, rejects = folder / "verdicts.jsonl", folder / "rejects.jsonl"
    write_lines(accepted_too, (verdict.as_verdict() for verdict in verdicts))
    write_lines(rejects, (verdict.as_reject() for verdict in verdicts if verdict.reason))
    for path in (accepted_too, rejects):
        store.upload(path, store.keys.of(path.name), _JSON_LINES)


def _publish(store: RunStore, plan: Plan, channels: Channels) -> None:
    run, dataset = store.keys, DatasetKeys(store.keys.dataset)
    names = {"training": channels["train"], "validation": channels["validation"]}
    for name, channel in names.items():
        store.upload(channel.path, run.packed(name), _RECORDS)
    description = json.dumps(describe(plan, channels), ensure_ascii=False, indent=1)
    store.write(run.of("dataset.json"), description + "\n", _JSON)
    for name in names:
        store.copy(run.packed(name), dataset.packed(name))
