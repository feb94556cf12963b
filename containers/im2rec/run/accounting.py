"""One row, one verdict: the sums that must come out before a dataset may be used."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Self

import numpy as np
from msgspec.structs import replace

from im2rec.errors import PackFailed
from im2rec.run.copies import Places
from tagline.formats.near_copies import near_copies
from tagline.formats.packed import CHANNELS, RecordFiles
from tagline.formats.plan import Plan
from tagline.formats.reasons import MEANING, Reason
from tagline.formats.rows import Reject, Rejected, Side, Verdict, count_rejects

_EXAMPLES = 3


@dataclass(frozen=True)
class Rejects:
    """The rejected rows of a list, counted; the first of them, by line."""

    count: int
    reasons: Mapping[Reason, Rejected]
    first: Reject | None

    @classmethod
    def of(cls, rejects: Iterable[Reject]) -> Self:
        """Count rejected rows, which come by line."""
        first: list[Reject] = []

        def noted() -> Iterator[Reject]:
            for reject in rejects:
                first.extend(() if first else (reject,))
                yield reject

        reasons = count_rejects(noted())
        count = sum(found.count for found in reasons.values())
        return cls(count, reasons, first[0] if first else None)


def check_every_row_once(plan: Plan, lines: Places) -> None:
    """Raise PackFailed unless each row of the list, by its line, has exactly one verdict."""
    found, times = np.unique(lines, return_counts=True)
    twice = found[times > 1]
    if len(twice):
        raise PackFailed(f"Line {twice[0]} has more than one verdict ({len(twice)} such lines).")
    if len(found) != plan.rows:
        raise PackFailed(f"The list has {plan.rows} rows and {len(found)} of them have a verdict.")


def mark_near_copies(verdicts: list[Verdict]) -> None:
    """Let each near-copy of an earlier row's image say of which, in place."""
    by_line = {v.line: (at, v) for at, v in enumerate(verdicts) if v.likeness}
    groups = near_copies({line: v.likeness for line, (_, v) in by_line.items() if v.likeness})
    for line, first in groups.items():
        if line != first:
            at, verdict = by_line[line]
            verdicts[at] = replace(verdict, copy_of=first)


def check_usable(plan: Plan, rejects: Rejects, files: RecordFiles) -> None:
    """Raise PackFailed when too many rows were rejected or a side of the split has no image."""
    tolerance = plan.settings.tolerance
    if not tolerance.allows(rejects.count, plan.rows):
        raise PackFailed(
            f"{rejects.count} of {plan.rows} rows were rejected; tolerance.rejected allows "
            f"{tolerance.rejected:.0%}. {_summary(rejects)}"
        )
    for side in (Side.TRAIN, Side.VALIDATION):
        if not files[side].images:
            raise PackFailed(
                f"No image is left for {CHANNELS[side]}: "
                f"{rejects.count} of {plan.rows} rows were rejected. {_summary(rejects)}"
            )


def _summary(rejects: Rejects) -> str:
    first = rejects.first
    if first is None:
        return "Add images to the list or change split.validation in dataset.yaml."
    counts = ", ".join(  # the most frequent first
        f"{found.count} x {reason} ({MEANING[reason]})"
        for reason, found in islice(rejects.reasons.items(), _EXAMPLES)
    )
    return f"Reasons: {counts}. First: line {first.line}, {first.path}: {first.detail}."
