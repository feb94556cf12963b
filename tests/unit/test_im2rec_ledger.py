"""Verdicts as numbers: in the list's order again, near-copies and sides told by line."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from im2rec.run import ledger as module
from im2rec.run.accepted import Accepted
from im2rec.run.accounting import mark_near_copies
from im2rec.run.ledger import Ledger
from im2rec.run.sides import across
from tagline.formats.near_copies import HEX_DIGITS, near_copies
from tagline.formats.reasons import Reason
from tagline.formats.rows import Lost, Reject, Side, Verdict
from tagline.split.near import Image


def verdicts(count: int, seed: int) -> list[Verdict]:
    """Return verdicts in an order that is none, on lines some of which are blank."""
    rng = random.Random(seed)
    found = []
    for line in rng.sample(range(1, 3 * count), count):
        verdict = Verdict(line=line, id=2**64 - line, path=f"é{line}.png", verdict="accepted")
        kind = rng.randrange(5)
        if kind == 0:
            reject = Reject(line=line, id=None, path=None, reason=Reason.BAD_ID, detail="id 'x'")
            verdict = Verdict.rejected(reject, reject.reason, reject.detail)
        elif kind == 1:
            verdict = replace(verdict, lost=Lost.ONE_COLOUR, split=rng.choice(list(Side)))
        else:
            likeness = f"{rng.randrange(count // 2):0{HEX_DIGITS}x}"[::-1]
            verdict = replace(verdict, likeness=likeness, split=rng.choice(list(Side)))
        found.append(verdict)
    return found


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    monkeypatch.setattr(module, "_RANGE", 16)
    made = Ledger(tmp_path, 100)
    yield made
    made.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seed", range(5))
def test_what_comes_back_is_what_lists_of_verdicts_would_tell(ledger: Ledger, seed: int) -> None:
    told = verdicts(100, seed)
    for verdict in told:
        ledger.add(verdict)
    expected = sorted(told, key=lambda verdict: verdict.line)
    mark_near_copies(expected)
    copies = ledger.near_copies()
    assert copies == near_copies({v.line: v.likeness for v in told if v.likeness})
    assert list(ledger.by_line(copies, {})) == expected
    moves = {verdict.line: Side.TEST for verdict in expected[::7] if verdict.split}
    moved = [replace(v, split=moves.get(v.line, v.split)) for v in expected]
    assert list(ledger.by_line(copies, moves)) == moved
    assert list(ledger.accepted()) == [(v.line, v.split, v.id) for v in told if v.split]
    sides = {verdict.line: verdict.split for verdict in told}
    assert ledger.sides_of(sides) == list(sides.values())
    for those, moving in ((expected, {}), (moved, moves)):
        groups: dict[int, set[Side | None]] = {}
        for verdict in those:
            if verdict.line in copies:
                groups.setdefault(copies[verdict.line], set()).add(verdict.split)
        assert across(ledger, copies, moving) == sum(len(found) > 1 for found in groups.values())


@pytest.mark.parametrize("labels", [1, 8, 13])
def test_images_come_back_as_they_were_taken_in(labels: int) -> None:
    rng = random.Random(labels)
    expected = [
        Image(
            line,
            rng.randrange(2**64),
            bytes(rng.choice(b"01") for _ in range(labels)),
            rng.choice(list(Side)),
            rng.choice([None, *Side]),
        )
        for line in range(20)
    ]
    held = Accepted(labels)
    for image in expected:
        held.append(image)
    assert list(held) == expected
    assert held[3:12:2] == expected[3:12:2]
