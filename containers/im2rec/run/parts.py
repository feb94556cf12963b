"""A part of a run: a range of its shards, packed by one of several tasks.

Each part leaves under `parts/<first>-<last>/` its record files, its rows' verdicts and, last,
`part.json`. A part that is packed again overwrites itself with the same bytes.
"""

import re
from collections.abc import Iterator, Sequence

from im2rec.errors import PackFailed
from im2rec.run.background import background_choice, settled
from im2rec.run.channels import Channels
from im2rec.run.pack import pack_shards
from im2rec.run.progress import Progress
from im2rec.run.task import Task
from tagline.formats.packed import Part
from tagline.formats.rows import Side, Verdict

_RANGE = re.compile(r"(?P<first>\d{5,})-(?P<last>\d{5,})")
# the bucket's lifecycle rule ends what is tagged so: the joined records stay
_TAGS = "tagline=shard"


def shards_of(name: str, shards: Sequence[str]) -> Sequence[str]:
    """Return the run's shards that part `<first>-<last>` holds; raise PackFailed if not all."""
    match = _RANGE.fullmatch(name)
    there = match and {match["first"], match["last"]} <= set(shards)
    if match is None or not there or match["first"] > match["last"]:
        raise PackFailed(f"There are no shards {name!r:.60}; expected <first>-<last>.")
    return shards[shards.index(match["first"]) : shards.index(match["last"]) + 1]


def pack_part(task: Task, name: str) -> None:
    """Pack one part of the task's run; raise PackFailed with the reason if not."""
    bucket, keys = task.bucket, task.keys
    plan = task.plan()
    rows = {shard.shard: shard.rows for shard in task.shards()}
    shards = shards_of(name, list(rows))
    progress = Progress(sum(rows[shard] for shard in shards), task.log)
    choice = background_choice(task, plan)
    image = settled(plan, choice)
    with Channels(task.folder, len(plan.labels)) as channels:
        verdicts = pack_shards(task, plan, shards, channels, progress, image=image)
        bucket.write_lines(keys.part_verdicts(name), verdicts)
    for side in Side:
        channels[side].upload_as(bucket, keys.part_records(name, side), _TAGS)
    part = Part(rows=progress.rows, channels=channels.files.together, background=choice)
    bucket.write(keys.part(name), part)


def read_parts(task: Task) -> dict[str, Part]:
    """Return the run's parts in packing order; raise PackFailed unless they hold every shard."""
    missing: Sequence[str] = [shard.shard for shard in task.shards()]
    prefix = task.keys.parts
    found = [key.removeprefix(prefix).split("/") for key in task.bucket.keys(prefix)]
    names = sorted(name for name, file in found if file == "part.json")
    for name in names:
        shards = shards_of(name, missing)
        if shards[0] != missing[0]:
            raise PackFailed(f"No part holds shard {missing[0]}: the next one is {name}.")
        missing = missing[len(shards) :]
    if missing:
        raise PackFailed(f"No part holds shard {missing[0]} and those after it.")
    return {name: task.bucket.read(task.keys.part(name), Part) for name in names}


def read_verdicts(task: Task, name: str, part: Part) -> Iterator[Verdict]:
    """Yield the verdicts on a part's rows; raise PackFailed when they are not all there."""
    rows = 0
    for verdict in task.bucket.lines(task.keys.part_verdicts(name), Verdict):
        rows += 1
        yield verdict
    if rows != part.rows:
        raise PackFailed(f"Part {name} has {rows} verdicts for {part.rows} rows.")
