"""One row, one verdict: the sums that must come out before a dataset may be used."""

from collections import Counter
from collections.abc import Mapping, Sequence

from im2rec.errors import PackFailed
from im2rec.run.channels import ChannelFacts
from im2rec.run.plan import Plan
from im2rec.run.rows import SPLITS, Verdict
from tagline.formats.reasons import MEANING, Reason

_EXAMPLES = 3


def check_every_row_once(plan: Plan, verdicts: Sequence[Verdict]) -> None:
    """Raise PackFailed unless each row of the list has exactly one verdict."""
    lines = Counter(verdict.line for verdict in verdicts)
    twice = sorted(line for line, times in lines.items() if times > 1)
    if twice:
        raise PackFailed(f"Line {twice[0]} has more than one verdict ({len(twice)} such lines).")
    if len(lines) != plan.rows:
        raise PackFailed(f"The list has {plan.rows} rows and {len(lines)} of them have a verdict.")


def check_usable(
    plan: Plan, verdicts: Sequence[Verdict], channels: Mapping[str, ChannelFacts]
) -> None:
    """Raise PackFailed when too many rows were rejected or a channel has no image."""
    rejects = [verdict for verdict in verdicts if verdict.reason]
    if len(rejects) > plan.tolerance * plan.rows:
        raise PackFailed(
            f"{len(rejects)} of {plan.rows} rows were rejected; tolerance.rejected allows "
            f"{plan.tolerance:.0%}. {_summary(rejects)}"
        )
    for split in SPLITS:
        if not channels[split].images:
            raise PackFailed(
                f"No image is left for {'training' if split == 'train' else split}: "
                f"{len(rejects)} of {plan.rows} rows were rejected. {_summary(rejects)}"
            )


def _summary(rejects: Sequence[Verdict]) -> str:
    if not rejects:
        return "Add images to the list or change split.validation in dataset.yaml."
    reasons = Counter(reject.reason for reject in rejects).most_common()
    counts = ", ".join(f"{times} x {_meaning(reason)}" for reason, times in reasons[:_EXAMPLES])
    first = rejects[0]
    return f"Reasons: {counts}. First: line {first.line}, {first.path}: {first.detail}."


def _meaning(reason: str | None) -> str:
    return f"{reason} ({MEANING[Reason(reason)]})" if reason in set(Reason) else str(reason)
