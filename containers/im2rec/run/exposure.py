"""Where earlier runs packed the near-copies of a run's pictures, whose bytes they need not have.

A list may bring the same pictures in new files: exported again, in another size or format. By their
contents they are new, and yet a champion has learned them.
"""

from collections.abc import Iterator, Mapping, Sequence

from im2rec.run.task import Task
from tagline.aws.faults import Absent
from tagline.formats.document import UnreadableDocument
from tagline.formats.keys import RunKeys
from tagline.formats.near_copies import near_copies
from tagline.formats.owners import owns_run
from tagline.formats.plan import Plan
from tagline.formats.rows import Side, Verdict
from tagline.split.near import most_exposed


def exposed(task: Task, plan: Plan, verdicts: Sequence[Verdict]) -> Mapping[int, Side]:
    """Return by line the most exposed side on which an earlier run packed a near-copy.

    Asked are the runs that packed the dataset last, under the same split: another has other sides.
    """
    found = {verdict.line: verdict for verdict in verdicts if verdict.likeness}
    present = {(verdict.likeness, verdict.split) for verdict in found.values()}
    before: dict[str, Side] = {}
    for run in plan.packed_before:
        for likeness, side in _packed(task, plan, run):
            if (likeness, side) not in present:
                before[likeness] = most_exposed([before.get(likeness, side), side])
    if not before:
        return {}
    sides = dict(zip(range(-len(before), 0), before.values(), strict=True))
    likenesses = dict(zip(sides, before, strict=True))
    likenesses |= {line: verdict.likeness or "" for line, verdict in found.items()}
    copies = near_copies(likenesses)
    groups: dict[int, list[Side]] = {}
    for key, first in copies.items():
        if key in sides:
            groups.setdefault(first, []).append(sides[key])
    return {
        line: most_exposed(groups[first])
        for line, first in copies.items()
        if line in found and first in groups
    }


def _packed(task: Task, plan: Plan, run: str) -> Iterator[tuple[str, Side]]:
    """Yield likeness and side of what a run packed; nothing where that is not told any more."""
    if not owns_run(task.keys.dataset, run):
        return
    keys = RunKeys(run)
    try:
        earlier = task.bucket.get(keys.plan, Plan)
        if earlier is None or not earlier.settings.split.is_as(plan.settings.split):
            return
        for verdict in task.bucket.lines(keys.verdicts, Verdict):
            if verdict.likeness and verdict.split:
                yield verdict.likeness, verdict.split
    except (Absent, UnreadableDocument) as exc:
        print(f"exposure={run} unknown: {exc}", file=task.log, flush=True)
