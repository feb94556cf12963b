"""Where earlier runs packed the near-copies of a run's pictures, whose bytes they need not have.

A list may bring the same pictures in new files: exported again, in another size or format. By their
contents they are new, and yet a champion has learned them.
"""

from collections.abc import Iterator, Mapping
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from im2rec.run.copies import BYTES, Bytes, Likenesses, group
from im2rec.run.ledger import NUMBERS, SIDES, Ledger
from im2rec.run.task import Task
from tagline.aws.faults import Absent
from tagline.aws.partitions import read_records
from tagline.formats.document import UnreadableDocument
from tagline.formats.keys import RunKeys
from tagline.formats.near_copies import HEX_DIGITS
from tagline.formats.owners import owns_run
from tagline.formats.plan import Plan
from tagline.formats.rows import Side, Verdict

_AT_A_TIME = 1 << 15  # verdicts of an earlier run
_Placed = NDArray[np.bytes_]  # likenesses, each with the number of its side behind it


def exposed(task: Task, plan: Plan, ledger: Ledger) -> Mapping[int, Side]:
    """Return by line the most exposed side on which an earlier run packed a near-copy.

    Asked are the runs that packed the dataset last, under the same split: another has other sides.
    """
    if not plan.packed_before:
        return {}
    own = ledger.likenesses
    present = np.unique(_placed(own, ledger.sides[ledger.pictures]))
    before = np.empty((0, BYTES + 1), np.uint8)
    for run in plan.packed_before:
        placed = (_placed(*some) for some in _packed(task, plan, run))
        strange = [_bytes(found[~_are_in(found, present)]) for found in placed]
        before = _most_exposed(np.vstack([before, *strange]))
    if not len(before):
        return {}
    names = group(Likenesses(np.vstack([own, before[:, :BYTES]])))
    nowhere = len(SIDES)
    sides_of = np.full(len(names), nowhere, np.int64)  # by name, the least number
    np.minimum.at(sides_of, names[len(own) :], before[:, BYTES].astype(np.int64))
    told = sides_of[names[: len(own)]]
    near = np.flatnonzero(told < nowhere)
    lines = ledger.lines[ledger.pictures[near]].tolist()
    return {
        line: side
        for line, number in zip(lines, told[near].tolist(), strict=True)
        if (side := SIDES[number])
    }


def _placed(likenesses: Bytes, sides: Bytes) -> _Placed:
    """Return likenesses (n, BYTES) with the numbers of their sides (n,), which are never 0."""
    together = np.ascontiguousarray(np.column_stack([likenesses, sides]))
    return together.view(f"S{BYTES + 1}").ravel()


def _are_in(some: _Placed, known: _Placed) -> NDArray[np.bool_]:
    """Return which are among those that are known, in order."""
    if not len(known):
        return np.zeros(len(some), np.bool_)
    places = np.minimum(np.searchsorted(known, some), len(known) - 1)
    found: NDArray[np.bool_] = known[places] == some
    return found


def _bytes(placed: _Placed) -> Bytes:
    return placed.view(np.uint8).reshape(len(placed), BYTES + 1)


def _most_exposed(placed: Bytes) -> Bytes:
    """Return each likeness once, with the least number of its sides."""
    found = _bytes(np.unique(np.ascontiguousarray(placed).view(f"S{BYTES + 1}").ravel()))
    new = np.ones(len(found), np.bool_)
    new[1:] = (found[1:, :BYTES] != found[:-1, :BYTES]).any(axis=1)
    return found[new]


def _packed(task: Task, plan: Plan, run: str) -> Iterator[tuple[Bytes, Bytes]]:
    """Yield likenesses (n, BYTES) and sides (n,) of what a run packed.

    Nothing where that is not told any more.
    """
    if not owns_run(task.keys.dataset, run):
        return
    keys = RunKeys(run)
    try:
        earlier = task.bucket.get(keys.plan, Plan)
        if earlier is None or not earlier.settings.split.is_as(plan.settings.split):
            return
        verdicts = read_records(task.bucket, keys.verdicts, Verdict)
        told = (
            (bytes.fromhex(verdict.likeness), NUMBERS[verdict.split])
            for verdict in verdicts
            if verdict.split and verdict.likeness and len(verdict.likeness) == HEX_DIGITS
        )
        while some := list(islice(told, _AT_A_TIME)):
            likenesses, sides = zip(*some, strict=True)
            joined = np.frombuffer(b"".join(likenesses), np.uint8)
            yield joined.reshape(-1, BYTES), np.array(sides, np.uint8)
    except (Absent, UnreadableDocument) as exc:
        print(f"exposure={run} unknown: {exc}", file=task.log, flush=True)
