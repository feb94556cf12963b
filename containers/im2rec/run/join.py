"""The parts that several tasks packed become the dataset that one task would have made.

The record files are joined on S3's side and then read once, to hash what training will read and
to hold each part's bytes against what its task wrote. Where near-copies of several parts were on
several sides of the split, they are read and written anew instead.
"""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import zip_longest
from typing import BinaryIO

from msgspec.structs import replace

from im2rec.errors import PackFailed
from im2rec.run.accounting import check_every_row_once, mark_near_copies
from im2rec.run.channels import Channels
from im2rec.run.pack import plan_rejects
from im2rec.run.parts import read_parts, read_verdicts
from im2rec.run.publishing import account, publish
from im2rec.run.sides import Moves, move_records, moves_of, remember_moves
from im2rec.run.task import Task
from tagline.aws.multipart import Source, join
from tagline.aws.s3 import RECORDIO
from tagline.formats.packed import CHANNELS, Part, RecordFile, RecordFiles
from tagline.formats.pictures import BackgroundChoice
from tagline.formats.plan import Plan
from tagline.formats.rows import Side

_READ = 1 << 20
_EMPTY = hashlib.sha256().hexdigest()


def join_run(task: Task) -> None:
    """Join the parts of the task's run; raise PackFailed with the reason if not."""
    plan = task.plan()
    parts = read_parts(task)
    verdicts = plan_rejects(task, plan)
    for name, part in parts.items():
        verdicts.extend(read_verdicts(task, name, part))
    check_every_row_once(plan, verdicts)
    mark_near_copies(verdicts)
    moves = moves_of(task, plan, verdicts)
    if moves:
        moved = _moved(task, plan, parts, moves)
        remember_moves(task, plan, moves, verdicts)
        files = moved.files
        account(task, plan, verdicts, files)
        for side, channel in CHANNELS.items():
            moved[side].upload(task.bucket, task.keys.packed(channel))
    else:
        together = RecordFiles(
            **{side: _sum([part.channels[side] for part in parts.values()]) for side in Side}
        )
        account(task, plan, verdicts, together)
        files = RecordFiles(**{side: _join(task, parts, side) for side in Side})
    publish(task, plan, files, verdicts, _background(parts), moved=len(moves))


def _moved(task: Task, plan: Plan, parts: Mapping[str, Part], moves: Moves) -> Channels:
    """Return channels with the parts' records, each on its row's side, part after part."""
    with Channels(task.folder, len(plan.labels)) as made:
        for name, part in parts.items():
            with ExitStack() as files:
                old = {side: files.enter_context(_fetched(task, name, part, side)) for side in Side}
                move_records(read_verdicts(task, name, part), moves, old, made)
    return made


@contextmanager
def _fetched(task: Task, name: str, part: Part, side: Side) -> Iterator[BinaryIO]:
    """Yield a part's records of a side, downloaded; raise PackFailed if they are others."""
    told = part.channels[side]
    with tempfile.TemporaryFile(dir=task.folder) as file:
        if told.bytes:
            task.bucket.download(task.keys.part_records(name, side), file)
            file.seek(0)
            if hashlib.file_digest(file, "sha256").hexdigest() != told.sha256:
                raise _others(name, side)
            file.seek(0)
        yield file


def _others(name: str, side: Side) -> PackFailed:
    return PackFailed(
        f"The {side} records of part {name} are not those that were packed: upload the list again."
    )


def _background(parts: Mapping[str, Part]) -> BackgroundChoice | None:
    """Return what `background: auto` stood for in all parts; raise PackFailed unless they agree."""
    first, *others = parts.values()
    if any(part.background != first.background for part in others):
        raise PackFailed("The parts lie on different backgrounds: upload the list again.")
    return first.background


def _sum(files: Sequence[RecordFile]) -> RecordFile:
    """Return what the parts have together; their SHA-256 is known once they are joined."""
    return RecordFile(
        images=sum(file.images for file in files),
        bytes=sum(file.bytes for file in files),
        sha256="",
        positives=tuple(map(sum, zip_longest(*(file.positives for file in files), fillvalue=0))),
    )


def _join(task: Task, parts: Mapping[str, Part], side: Side) -> RecordFile:
    """Make one object of the parts' records of a side; return what it is."""
    key = task.keys.packed(CHANNELS[side])
    holding = [part for part in parts.items() if part[1].channels[side].bytes]
    if holding:
        join(task.bucket, [_source(task, *part, side) for part in holding], key, RECORDIO)
    else:
        task.bucket.put(key, b"", RECORDIO)
    together = _sum([part.channels[side] for part in parts.values()])
    joined = replace(together, sha256=_digest(task, key, parts, side))
    line = f"joined={CHANNELS[side]} parts={len(parts)} bytes={joined.bytes}"
    print(line, file=task.log, flush=True)
    return joined


def _source(task: Task, name: str, part: Part, side: Side) -> Source:
    key = task.keys.part_records(name, side)
    head = task.bucket.head(key)
    size, told = head.size if head else 0, part.channels[side].bytes
    if head is None or size != told:
        raise PackFailed(f"{task.bucket.uri(key)} has {size} bytes, its part.json {told}.")
    return Source(key, size, head.etag)


def _digest(task: Task, key: str, parts: Mapping[str, Part], side: Side) -> str:
    """Return the joined object's SHA-256; raise PackFailed if a part of it differs."""
    whole = hashlib.sha256()
    with task.bucket.stream(key) as answer:
        for name, part in parts.items():
            own, left = hashlib.sha256(), part.channels[side].bytes
            while left and (data := answer.content.read(min(_READ, left))):
                own.update(data)
                whole.update(data)
                left -= len(data)
            if left or own.hexdigest() != (part.channels[side].sha256 or _EMPTY):
                raise _others(name, side)
        if answer.content.read(1):
            raise PackFailed(f"The joined {side} records are longer than their parts.")
    return whole.hexdigest()
