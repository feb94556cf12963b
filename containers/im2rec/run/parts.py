"""A part of a run: a range of its shards, packed by one of several tasks.

Each part leaves under `parts/<first>-<last>/` its record files, its rows' verdicts and, last,
`part.json`. A part that is packed again overwrites itself with the same bytes.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self, TextIO

from im2rec.errors import PackFailed
from im2rec.run.channels import NAMES, ChannelFacts, Channels
from im2rec.run.pack import Workshop, pack_shards
from im2rec.run.plan import Plan
from im2rec.run.progress import Progress
from im2rec.run.publishing import JSON, JSON_LINES, RECORDS
from im2rec.run.rows import Verdict
from im2rec.run.store import RunStore, write_lines

_RANGE = re.compile(r"(?P<first>\d{5,})-(?P<last>\d{5,})")
_FOLDER = "parts/"
# the bucket's lifecycle rule ends what is tagged so: the joined records stay
_TAGS = "tagline=shard"


@dataclass(frozen=True)
class Part:
    """A packed range of shards: its verdicts' number and what is known of its record files."""

    name: str
    rows: int
    channels: Mapping[str, ChannelFacts]

    @classmethod
    def from_dict(cls, name: str, values: Mapping[str, Any]) -> Self:
        """Return the part that a `part.json` tells of; raise PackFailed when it is none."""
        try:
            facts = {split: ChannelFacts(**values["channels"][split]) for split in NAMES}
            return cls(name, values["rows"], facts)
        except (KeyError, TypeError) as exc:
            raise PackFailed(f"part.json of part {name} cannot be used: {exc!r}.") from exc


def shards_of(name: str, shards: Sequence[str]) -> Sequence[str]:
    """Return the run's shards that part `<first>-<last>` holds; raise PackFailed if not all."""
    match = _RANGE.fullmatch(name)
    there = match and {match["first"], match["last"]} <= set(shards)
    if match is None or not there or match["first"] > match["last"]:
        raise PackFailed(f"There are no shards {name!r:.60}; expected <first>-<last>.")
    return shards[shards.index(match["first"]) : shards.index(match["last"]) + 1]


def pack_part(store: RunStore, name: str, folder: Path, workers: int, report: TextIO) -> None:
    """Pack one part of the run of `store`; raise PackFailed with the reason if not."""
    plan = Plan.of_run(store)
    listed = store.read_json(store.keys.of("shards.json"))
    shards = shards_of(name, [shard["shard"] for shard in listed])
    wanted = set(shards)
    rows = sum(shard["rows"] for shard in listed if shard["shard"] in wanted)
    shop = Workshop(folder, workers, Progress(rows, report))
    with Channels(folder, len(plan.labels)) as channels:
        verdicts = pack_shards(store, plan, shards, channels, shop)
    for split, path in _paths(store, name).items():
        store.upload(channels[split].path, path, RECORDS, tags=_TAGS)
    file = folder / "verdicts.jsonl"
    write_lines(file, (verdict.as_verdict() for verdict in verdicts))
    store.upload(file, _key(store, name, file.name), JSON_LINES)
    facts = {split: asdict(of_split) for split, of_split in channels.facts.items()}
    description = {"rows": len(verdicts), "channels": facts}
    store.write(_key(store, name, "part.json"), json.dumps(description), JSON)


def read_parts(store: RunStore) -> list[Part]:
    """Return the run's parts in packing order; raise PackFailed unless they hold every shard."""
    missing = [shard["shard"] for shard in store.read_json(store.keys.of("shards.json"))]
    prefix = store.keys.of(_FOLDER)
    found = [key.removeprefix(prefix).split("/") for key in store.keys_under(prefix)]
    names = sorted(name for name, file in found if file == "part.json")
    for name in names:
        shards = shards_of(name, missing)
        if shards[0] != missing[0]:
            raise PackFailed(f"No part holds shard {missing[0]}: the next one is {name}.")
        missing = missing[len(shards) :]
    if missing:
        raise PackFailed(f"No part holds shard {missing[0]} and those after it.")
    return [Part.from_dict(name, store.read_json(_key(store, name, "part.json"))) for name in names]


def read_verdicts(store: RunStore, part: Part) -> Iterator[Verdict]:
    """Yield the verdicts on a part's rows; raise PackFailed when they are not all there."""
    count = 0
    for value in store.read_lines(_key(store, part.name, "verdicts.jsonl")):
        fields = ("line", "id", "path", "split", "reason", "detail")
        yield Verdict(*(value[field] for field in fields))
        count += 1
    if count != part.rows:
        raise PackFailed(f"Part {part.name} has {count} verdicts for {part.rows} rows.")


def records_of(store: RunStore, part: Part) -> dict[str, str]:
    """Return the keys of a part's record files by split."""
    return _paths(store, part.name)


def _paths(store: RunStore, name: str) -> dict[str, str]:
    return {split: _key(store, name, f"{split}.rec") for split in NAMES}


def _key(store: RunStore, name: str, file: str) -> str:
    return store.keys.of(f"{_FOLDER}{name}/{file}")
