"""The parts that several tasks packed become the dataset that one task would have made.

The record files are joined on S3's side and then read once, to hash what training will read and
to hold each part's bytes against what its task wrote.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import numpy as np

from im2rec.errors import PackFailed
from im2rec.run.channels import NAMES, ChannelFacts
from im2rec.run.multipart import Source
from im2rec.run.pack import plan_rejects
from im2rec.run.parts import Part, read_parts, read_verdicts, records_of
from im2rec.run.plan import Plan
from im2rec.run.publishing import RECORDS, account, publish
from im2rec.run.store import RunStore

_READ = 1 << 20


def join_run(store: RunStore, folder: Path, report: TextIO) -> None:
    """Join the parts of the run of `store`; raise PackFailed with the reason if not."""
    plan = Plan.of_run(store)
    parts = read_parts(store)
    verdicts = plan_rejects(store, plan)
    for part in parts:
        verdicts.extend(read_verdicts(store, part))
    together = {split: _sum([part.channels[split] for part in parts]) for split in NAMES}
    account(store, folder, plan, verdicts, together)
    joined: dict[str, ChannelFacts] = {}
    for split, name in NAMES.items():
        sources = [_source(store, part, split) for part in parts]
        store.join(sources, store.keys.packed(name), RECORDS)
        joined[split] = _checked(store, parts, split, together[split])
        line = f"joined={name} parts={len(parts)} bytes={together[split].bytes}"
        print(line, file=report, flush=True)
    publish(store, plan, joined)


def _sum(parts: Sequence[ChannelFacts]) -> ChannelFacts:
    """Return what the parts have together; their SHA-256 is known once they are joined."""
    return ChannelFacts(
        images=sum(part.images for part in parts),
        bytes=sum(part.bytes for part in parts),
        sha256="",
        positives=[int(n) for n in np.sum([part.positives for part in parts], axis=0)],
    )


def _source(store: RunStore, part: Part, split: str) -> Source:
    source = store.source(records_of(store, part)[split])
    if source.size != part.channels[split].bytes:
        raise PackFailed(
            f"{source.key} has {source.size} bytes, its part.json {part.channels[split].bytes}."
        )
    return source


def _checked(
    store: RunStore, parts: Sequence[Part], split: str, together: ChannelFacts
) -> ChannelFacts:
    """Return the facts with the joined object's SHA-256; raise PackFailed if a part differs."""
    whole = hashlib.sha256()
    with store.stream(store.keys.packed(NAMES[split])) as body:
        for part in parts:
            own, left = hashlib.sha256(), part.channels[split].bytes
            while left and (data := body.read(min(_READ, left))):
                own.update(data)
                whole.update(data)
                left -= len(data)
            if left or own.hexdigest() != part.channels[split].sha256:
                raise PackFailed(
                    f"The {split} records of part {part.name} are not those that were packed: "
                    "upload the list again."
                )
        if body.read(1):
            raise PackFailed(f"The joined {split} records are longer than their parts.")
    return ChannelFacts(together.images, together.bytes, whole.hexdigest(), together.positives)
