"""The parts that several tasks packed become the dataset that one task would have made.

The record files are joined on S3's side and then read once, to hash what training will read and
to hold each part's bytes against what its task wrote.
"""

import hashlib
from collections.abc import Mapping, Sequence
from itertools import zip_longest

from msgspec.structs import replace

from im2rec.errors import PackFailed
from im2rec.run.pack import plan_rejects
from im2rec.run.parts import read_parts, read_verdicts
from im2rec.run.publishing import account, publish
from im2rec.run.task import Task
from tagline.aws.multipart import Source, join
from tagline.aws.s3 import RECORDIO
from tagline.formats.packed import CHANNELS, Part, RecordFile, RecordFiles
from tagline.formats.pictures import BackgroundChoice
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
    together = RecordFiles(
        **{side: _sum([part.channels[side] for part in parts.values()]) for side in Side}
    )
    account(task, plan, verdicts, together)
    joined = RecordFiles(**{side: _join(task, parts, side) for side in Side})
    publish(task, plan, joined, verdicts, _background(parts))


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
                raise PackFailed(
                    f"The {side} records of part {name} are not those that were packed: "
                    "upload the list again."
                )
        if answer.content.read(1):
            raise PackFailed(f"The joined {side} records are longer than their parts.")
    return whole.hexdigest()
