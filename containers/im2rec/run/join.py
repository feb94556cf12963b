"""The parts that several tasks packed become the dataset that one task would have made.

The record files are joined on S3's side and then read once, to hash what training will read and
to hold each part's bytes against what its task wrote. Where near-copies of several parts were on
several sides of the split, they are read and written anew instead.
"""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import zip_longest
from typing import BinaryIO, cast

from msgspec.structs import replace

from im2rec.errors import PackFailed
from im2rec.run.accounting import check_every_row_once
from im2rec.run.channels import Files, longest_file
from im2rec.run.cutting import File, Records, cut
from im2rec.run.digests import Digests
from im2rec.run.ledger import Ledger
from im2rec.run.pack import plan_rejects
from im2rec.run.parts import read_parts, read_verdicts
from im2rec.run.publishing import account, publish
from im2rec.run.sides import grouped, moved, remember_moves
from im2rec.run.task import Task
from tagline.aws.multipart import Source, join
from tagline.aws.s3 import RECORDIO
from tagline.formats.keys import record_name
from tagline.formats.packed import CHANNELS, PackedFile, PackedFiles, Part, RecordFile, RecordFiles
from tagline.formats.pictures import BackgroundChoice
from tagline.formats.recordio import RecordError, read_records
from tagline.formats.rows import Side

_READ = 1 << 20
_EMPTY = hashlib.sha256().hexdigest()
Parts = Mapping[str, Part]


def join_run(task: Task) -> None:
    """Join the parts of the task's run; raise PackFailed with the reason if not."""
    plan = task.plan()
    parts = read_parts(task)
    with closing(Ledger(task.folder, plan.rows)) as ledger:
        for verdict in plan_rejects(task, plan):
            ledger.add(verdict)
        for name, part in parts.items():
            for verdict in read_verdicts(task, name, part):
                ledger.add(verdict)
        check_every_row_once(plan, ledger.lines)
        found = grouped(task, plan, ledger)
        if found.moves:
            records = {side: _records(task, parts, side) for side in Side}
            channels = moved(task, plan, ledger, found.moves, records)
            remember_moves(task, plan, found.moves)
            together = channels.files.together
        else:
            together = RecordFiles(**{side: _sum(parts, side) for side in Side})
        told = account(task, plan, ledger, found, together)
    if found.moves:
        channels.upload(task.bucket, task.keys)
        files = channels.files
    else:
        joined = {side: _join(task, parts, side, longest_file(plan)) for side in Side}
        files = Files(
            RecordFiles(**{side: whole for side, (whole, _) in joined.items()}),
            PackedFiles(**{side: each for side, (_, each) in joined.items()}),
        )
    publish(task, plan, files, told, _background(parts))


def _records(task: Task, parts: Parts, side: Side) -> Iterator[bytes]:
    """Yield the payloads of all parts' records of a side, a part at a time downloaded."""
    for name, part in parts.items():
        with _fetched(task, name, part, side) as file:
            yield from read_records(file)


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


def _sum(parts: Parts, side: Side) -> RecordFile:
    """Return what the parts have together; their SHA-256 is known once they are joined."""
    files = [part.channels[side] for part in parts.values()]
    return RecordFile(
        images=sum(file.images for file in files),
        bytes=sum(file.bytes for file in files),
        sha256="",
        positives=tuple(map(sum, zip_longest(*(file.positives for file in files), fillvalue=0))),
    )


def _join(
    task: Task, parts: Parts, side: Side, longest: int
) -> tuple[RecordFile, tuple[PackedFile, ...]]:
    """Make the run's record files of the parts' records of a side.

    Return what they are together, and of several what each is.
    """
    channel = CHANNELS[side]
    files = _files(task, parts, side, longest)
    alone = len(files) == 1
    keys = [task.keys.packed(channel, None if alone else at) for at in range(len(files))]
    for key, file in zip(keys, files, strict=True):
        sources = _sources(task, parts, side, file)
        if sources:
            join(task.bucket, sources, key, RECORDIO)
        else:
            task.bucket.put(key, b"", RECORDIO)
    whole, each = _digests(task, keys, files, parts, side)
    together = _sum(parts, side)
    line = f"joined={channel} parts={len(parts)} bytes={together.bytes}"
    print(line if alone else f"{line} files={len(files)}", file=task.log, flush=True)
    several = [
        PackedFile(
            name=record_name(channel, at), images=file.images, bytes=file.bytes, sha256=digest
        )
        for at, (file, digest) in enumerate(zip(files, each, strict=True))
    ]
    return replace(together, sha256=whole), () if alone else tuple(several)


def _files(task: Task, parts: Parts, side: Side, longest: int) -> list[File]:
    @contextmanager
    def opened(name: str) -> Iterator[BinaryIO]:
        try:
            with task.bucket.stream(task.keys.part_records(name, side)) as answer:
                yield cast("BinaryIO", answer.content)
        except RecordError as exc:
            raise _others(name, side) from exc

    held = {name: part.channels[side] for name, part in parts.items()}
    records = [Records(name, file.bytes, file.images) for name, file in held.items()]
    return cut(records, longest, opened)


def _sources(task: Task, parts: Parts, side: Side, file: File) -> list[Source]:
    found = []
    for name, start, stop in file.spans:
        key = task.keys.part_records(name, side)
        head = task.bucket.head(key)
        size, told = head.size if head else 0, parts[name].channels[side].bytes
        if head is None or size != told:
            raise PackFailed(f"{task.bucket.uri(key)} has {size} bytes, its part.json {told}.")
        found.append(Source(key, stop - start, head.etag, start, whole=stop - start == size))
    return found


def _digests(
    task: Task, keys: Sequence[str], files: Sequence[File], parts: Parts, side: Side
) -> tuple[str, list[str]]:
    """Return the SHA-256 of the joined objects together and of each.

    Raise PackFailed if a part of them differs from what its task wrote.
    """
    whole = hashlib.sha256()
    held = {name: part.channels[side] for name, part in parts.items()}
    by_part = Digests([file.bytes for file in held.values()])
    by_file = Digests([file.bytes for file in files])
    for key in keys:
        with task.bucket.stream(key) as answer:
            while data := answer.content.read(_READ):
                whole.update(data)
                by_part.update(data)
                if len(keys) > 1:
                    by_file.update(data)
    for (name, told), found in zip_longest(held.items(), by_part.found):
        if found != (told.sha256 or _EMPTY):
            raise _others(name, side)
    if by_part.more:
        raise PackFailed(f"The joined {side} records are longer than their parts.")
    return whole.hexdigest(), by_file.found if len(keys) > 1 else [whole.hexdigest()]
