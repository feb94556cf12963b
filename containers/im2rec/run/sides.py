"""Near-copies on one side of the split, now that every picture's likeness is known."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from im2rec.errors import PackFailed
from im2rec.run.accepted import Accepted
from im2rec.run.channels import Channels, longest_file
from im2rec.run.exposure import exposed
from im2rec.run.ledger import SIDES, Ledger
from im2rec.run.task import Task
from tagline.aws.partitions import read_records, write_records
from tagline.formats.keys import DatasetKeys
from tagline.formats.plan import Plan
from tagline.formats.recordio import split_record
from tagline.formats.rows import IndexedImage, PlannedRow, Side
from tagline.formats.settings import Split
from tagline.formats.tasks import Task as LabelTask
from tagline.split.memory import SplitFile, SplitOvertaken, UnreadableSplit
from tagline.split.near import Image, most_exposed, put_together
from tagline.split.sides import balance, content_hash
from tagline.split.strata import stratify

Moves = Mapping[int, Side]
Copies = Mapping[int, int]


class Grouped(NamedTuple):
    """The near-copies of a run and what they bring about, by line."""

    copies: Copies
    """The first line of each near-copy's group, of all that are in one."""
    moves: Moves
    """The new sides of rows that have to change theirs."""


def grouped(task: Task, plan: Plan, ledger: Ledger) -> Grouped:
    """Return a run's near-copies, and which rows have to change sides for them."""
    copies = ledger.near_copies()
    return Grouped(copies, _moves(task, plan, ledger, copies))


def _moves(task: Task, plan: Plan, ledger: Ledger, copies: Copies) -> Moves:
    before = exposed(task, plan, ledger)
    if not across(ledger, copies, {}) and ledger.sides_of(before) == list(before.values()):
        return {}
    images = Accepted(len(plan.labels))
    seed = plan.settings.split.seed
    rows = chain.from_iterable(
        task.bucket.lines(task.keys.shard_rows(shard.shard), PlannedRow) for shard in task.shards()
    )
    packed = zip(ledger.lines[plan.rejected :].tolist(), ledger.sides[plan.rejected :], strict=True)
    for (line, side), row in zip(packed, rows, strict=True):
        if line != row.line:
            raise PackFailed(f"The shards tell of line {row.line}, the packed rows of {line}.")
        if SIDES[side]:
            known = before.get(line)
            if row.settled:
                known = most_exposed([row.split, known or row.split])
            content = content_hash(row.etag, seed)
            images.append(Image(line, content, row.labels.encode(), row.split, known))
    balancing = stratify if plan.task is LabelTask.SINGLE else balance
    return put_together(images, copies, plan.settings.split.shares, balancing)


def across(ledger: Ledger, copies: Copies, moves: Moves) -> int:
    """Return how many groups of near-copies are on several sides, after these moves."""
    sides: dict[int, set[Side | None]] = {}
    for (line, first), side in zip(copies.items(), ledger.sides_of(copies), strict=True):
        sides.setdefault(first, set()).add(moves.get(line, side))
    return sum(len(found) > 1 for found in sides.values())


def moved(
    task: Task, plan: Plan, ledger: Ledger, moves: Moves, records: Mapping[Side, Iterator[bytes]]
) -> Channels:
    """Return channels with each record on its row's side.

    `records` are those of the rows on each side, in packing order; each is asked for once.
    """
    folder = task.folder / "moved"
    folder.mkdir()
    with Channels(folder, len(plan.labels), longest_file(plan)) as channels:
        for line, side, identifier in ledger.accepted():
            payload = next(records[side], b"")
            found, labels, _ = split_record(payload) if payload else (None, b"", b"")
            if found != identifier:
                raise PackFailed(
                    f"The {side} records are not those of the verdicts: at line {line} there is "
                    f"{'none' if found is None else found} for id {identifier}. "
                    "Upload the list again."
                )
            channels[moves.get(line, side)].add(payload, _text(labels))
    return channels


def _text(labels: bytes) -> str:
    """Return labels, little-endian float32, as text of 0 and 1."""
    marks = np.frombuffer(labels, "<f4") != 0
    text: bytes = (marks + np.uint8(ord("0"))).tobytes()
    return text.decode()


def remember_moves(task: Task, plan: Plan, moves: Moves) -> None:
    """Tell the moves to the run's images.jsonl, and to later plans.

    A candidate's moves are its own: other pixels may look alike, and the lists' sides stay.
    """
    bucket, keys, split = task.bucket, task.keys, plan.settings.split
    if not plan.candidate:
        _remember(task, split, moves)
    indexed = read_records(bucket, keys.images, IndexedImage)
    write_records(
        bucket,
        keys.images,
        (replace(image, side=moves.get(image.line, image.side)) for image in indexed),
    )
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
