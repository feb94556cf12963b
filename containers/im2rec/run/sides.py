"""Near-copies on one side of the split, now that every picture's likeness is known."""

from collections.abc import Iterable, Mapping, Sequence
from typing import BinaryIO

from msgspec.structs import replace

from im2rec.errors import PackFailed
from im2rec.run.channels import Channels
from im2rec.run.exposure import exposed
from im2rec.run.task import Task
from tagline.formats.keys import DatasetKeys
from tagline.formats.plan import Plan
from tagline.formats.recordio import read_records, unpack_record
from tagline.formats.rows import IndexedImage, PlannedRow, Side, Verdict
from tagline.formats.settings import Split
from tagline.formats.tasks import Task as LabelTask
from tagline.split.memory import SplitFile, SplitOvertaken, UnreadableSplit
from tagline.split.near import Image, most_exposed, put_together
from tagline.split.sides import balance, content_hash
from tagline.split.strata import stratify

Moves = Mapping[int, Side]


def moves_of(task: Task, plan: Plan, verdicts: Sequence[Verdict]) -> Moves:
    """Return by line the rows that have to change sides; near-copies in `verdicts` are marked."""
    copies = {verdict.line: verdict.copy_of for verdict in verdicts if verdict.copy_of}
    copies |= {first: first for first in copies.values()}
    sides: dict[int, set[Side | None]] = {first: set() for first in copies.values()}
    for verdict in verdicts:
        if verdict.line in copies:
            sides[copies[verdict.line]].add(verdict.split)
    before = exposed(task, plan, verdicts)
    together = all(len(found) == 1 for found in sides.values())
    if together and all(before.get(it.line, it.split) is it.split for it in verdicts):
        return {}
    accepted = {verdict.line for verdict in verdicts if verdict.split}
    seed = plan.settings.split.seed
    images = [
        Image(
            row.line,
            content_hash(row.etag, seed),
            row.labels.encode(),
            row.split,
            most_exposed([row.split, before.get(row.line, row.split)])
            if row.settled
            else before.get(row.line),
        )
        for shard in task.shards()
        for row in task.bucket.lines(task.keys.shard_rows(shard.shard), PlannedRow)
        if row.line in accepted
    ]
    balancing = stratify if plan.task is LabelTask.SINGLE else balance
    return put_together(images, copies, plan.settings.split.shares, balancing)


def move_records(
    verdicts: Iterable[Verdict], moves: Moves, files: Mapping[Side, BinaryIO], channels: Channels
) -> None:
    """Copy record files to `channels`, each record to its row's side.

    `verdicts` are those on the files' records, in packing order, and tell the sides of before.
    """
    records = {side: read_records(file) for side, file in files.items()}
    for verdict in verdicts:
        if verdict.split is None:
            continue
        payload = next(records[verdict.split], b"")
        record = unpack_record(payload) if payload else None
        if record is None or record.identifier != verdict.id:
            raise PackFailed(
                f"The {verdict.split} records are not those of the verdicts: at line "
                f"{verdict.line} there is {record.identifier if record else 'none'} for id "
                f"{verdict.id}. Upload the list again."
            )
        labels = "".join("1" if label else "0" for label in record.labels)
        channels[moves.get(verdict.line, verdict.split)].add(payload, labels)


def remember_moves(task: Task, plan: Plan, moves: Moves, verdicts: list[Verdict]) -> None:
    """Tell the moves to `verdicts`, in place, to the run's images.jsonl, and to later plans.

    A candidate's moves are its own: other pixels may look alike, and the lists' sides stay.
    """
    for at, verdict in enumerate(verdicts):
        if verdict.line in moves:
            verdicts[at] = replace(verdict, split=moves[verdict.line])
    bucket, keys, split = task.bucket, task.keys, plan.settings.split
    indexed = [
        replace(image, side=moves.get(image.line, image.side))
        for image in bucket.lines(keys.images, IndexedImage)
    ]
    if not plan.candidate:
        _remember(task, split, moves)
    bucket.write_lines(keys.images, indexed)
    print(f"moved={len(moves)} so that near-copies are on one side", file=task.log, flush=True)


def _remember(task: Task, split: Split, moves: Moves) -> None:
    """Have later plans put the images that were moved on the sides where they are now."""
    bucket, keys = task.bucket, task.keys
    contents = {
        content_hash(row.etag, split.seed): moves[row.line]
        for shard in task.shards()
        for row in bucket.lines(keys.shard_rows(shard.shard), PlannedRow)
        if row.line in moves
    }
    try:
        SplitFile(bucket, DatasetKeys(keys.dataset), split).correct(contents)
    except (UnreadableSplit, SplitOvertaken) as exc:
        raise PackFailed(f"Near-copies could not be put on one side: {exc}.") from exc
