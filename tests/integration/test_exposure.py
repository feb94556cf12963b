"""Where earlier runs packed near-copies: by columns the same as picture by picture."""

import io
import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from im2rec.run.exposure import exposed
from im2rec.run.ledger import Ledger
from im2rec.run.task import Task
from tagline.aws.s3 import Bucket
from tagline.formats.keys import RunKeys
from tagline.formats.near_copies import HEX_DIGITS, near_copies
from tagline.formats.rows import Side, Verdict
from tagline.split.near import most_exposed
from tests.unit.documents import RUN, plan
from tests.unit.flow_world import BUCKET, Account, account

BEFORE = tuple(f"{RUN[:-1]}{digit}" for digit in "ab")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch) as made:
        yield made


def verdicts(pictures: list[int], rng: random.Random) -> list[Verdict]:
    """Return verdicts on 30 rows; each picture is one of `pictures`, or near one."""
    found = []
    for line in range(1, 31):
        verdict = Verdict(line=line, id=line, path="a.png", verdict="accepted")
        number = rng.choice(pictures) ^ rng.choice([0, 1 << rng.randrange(4 * HEX_DIGITS)])
        likeness = f"{number:0{HEX_DIGITS}x}" if rng.random() < 0.9 else None
        found.append(replace(verdict, split=rng.choice(list(Side)), likeness=likeness))
    return found


def plainly(own: list[Verdict], earlier: list[list[Verdict]]) -> Mapping[int, Side]:
    """Return what `exposed` should, by sets and dictionaries."""
    present = {(verdict.likeness, verdict.split) for verdict in own}
    before: dict[str, Side] = {}
    for verdict in (verdict for run in earlier for verdict in run):
        likeness, side = verdict.likeness, verdict.split
        if likeness and side and (likeness, side) not in present:
            before[likeness] = most_exposed([before.get(likeness, side), side])
    told = {-1 - at: likeness for at, likeness in enumerate(before)}
    sides_of = dict(zip(told, before.values(), strict=True))
    told |= {verdict.line: verdict.likeness for verdict in own if verdict.likeness}
    groups: dict[int, list[Side]] = {}
    copies = near_copies(told)
    for key, first in copies.items():
        if key < 0:
            groups.setdefault(first, []).append(sides_of[key])
    return {
        line: most_exposed(groups[first])
        for line, first in copies.items()
        if line > 0 and first in groups
    }


@pytest.mark.parametrize("seed", range(2, 6))
def test_the_most_exposed_side_is_found(world: Account, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    pictures = [rng.getrandbits(4 * HEX_DIGITS) for _ in range(40)]
    bucket = Bucket(world.s3, BUCKET)
    earlier = [verdicts(pictures[at : at + 25], rng) for at in (0, 10)]
    own = verdicts(pictures[5:], rng)
    if seed == 5:
        own = [replace(verdict, likeness=None) for verdict in own]
    for run, told in zip(BEFORE, earlier, strict=True):
        bucket.write(RunKeys(run).plan, plan(run=run))
        bucket.write_lines(RunKeys(run).verdicts, told)
    ledger = Ledger(tmp_path, len(own))
    for verdict in own:
        ledger.add(verdict)
    task = Task(bucket, RunKeys(RUN), tmp_path, 1, io.StringIO())
    found = exposed(task, plan(packed_before=BEFORE), ledger)
    assert found == plainly(own, earlier)
    assert bool(found) == (seed != 5)
    ledger.close()
