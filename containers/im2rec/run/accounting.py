"""One row, one verdict: the sums that must come out before a dataset may be used."""

from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from im2rec.errors import PackFailed
from tagline.formats.near_copies import near_copies
from tagline.formats.packed import CHANNELS, RecordFiles
from tagline.formats.plan import Plan
from tagline.formats.reasons import MEANING
from tagline.formats.rows import Reject, Side, Verdict

_EXAMPLES = 3


def check_every_row_once(plan: Plan, verdicts: Sequence[Verdict]) -> None:
    """Raise PackFailed unless each row of the list has exactly one verdict."""
    lines = Counter(verdict.line for verdict in verdicts)
    twice = sorted(line for line, times in lines.items() if times > 1)
    if twice:
        raise PackFailed(f"Line {twice[0]} has more than one verdict ({len(twice)} such lines).")
    if len(lines) != plan.rows:
        raise PackFailed(f"The list has {plan.rows} rows and {len(lines)} of them have a verdict.")


def mark_near_copies(verdicts: list[Verdict]) -> None:
    """Let each near-copy of an earlier row's image say of which, in place."""
    by_line = {v.line: (at, v) for at, v in enumerate(verdicts) if v.likeness}
    groups = near_copies({line: v.likeness for line, (_, v) in by_line.items() if v.likeness})
    for line, first in groups.items():
        if line != first:
            at, verdict = by_line[line]
            verdicts[at] = replace(verdict, copy_of=first)


def check_usable(plan: Plan, rejects: Sequence[Reject], files: RecordFiles) -> None:
    """Raise PackFailed when too many rows were rejected or a side of the split has no image."""
    tolerance = plan.settings.tolerance
    if not tolerance.allows(len(rejects), plan.rows):
        raise PackFailed(
            f"{len(rejects)} of {plan.rows} rows were rejected; tolerance.rejected allows "
            f"{tolerance.rejected:.0%}. {_summary(rejects)}"
        )
    for side in (Side.TRAIN, Side.VALIDATION):
        if not files[side].images:
            raise PackFailed(
                f"No image is left for {CHANNELS[side]}: "
                f"{len(rejects)} of {plan.rows} rows were rejected. {_summary(rejects)}"
            )


def _summary(rejects: Sequence[Reject]) -> str:
    if not rejects:
        return "Add images to the list or change split.validation in dataset.yaml."
    reasons = Counter(reject.reason for reject in rejects).most_common(_EXAMPLES)
    counts = ", ".join(f"{times} x {reason} ({MEANING[reason]})" for reason, times in reasons)
    first = rejects[0]
    return f"Reasons: {counts}. First: line {first.line}, {first.path}: {first.detail}."
