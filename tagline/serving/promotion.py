"""Whether a challenger takes the champion's place: a pure rule over a few numbers.

They are mAP on the same validation images (`metrics.json`); a champion's older score, on
other images, never counts.
"""

import math

from msgspec.structs import replace

from tagline.formats.models import Metrics
from tagline.formats.outcomes import Decision
from tagline.formats.settings import Promotion


def decide(metrics: Metrics, champion_run: str | None, rule: Promotion) -> Decision:
    """Return whether to promote, and why: a sentence with the numbers in it.

    Without a champion the challenger needs `minimum_map` and more than label frequencies reach;
    with one it needs `minimum_map` and more than the champion's mAP plus `margin`. Raises
    ValueError for a champion that was not measured.
    """
    challenger = metrics.mAP
    champion = metrics.champion.mAP if metrics.champion else None
    promote, reason = _judge(
        challenger,
        champion,
        champion_run=champion_run,
        frequencies=metrics.baseline_map or 0.0,
        rule=rule,
    )
    return Decision(
        promote=promote, reason=reason, challenger_map=challenger, champion_map=champion
    )


def give_way(decision: Decision, newer: str) -> Decision:
    """Return the decision of a run whose list is no longer the last one that was dropped."""
    reason = f"run {newer}, of a list that was dropped later, decides; {decision.reason}"
    return replace(decision, promote=False, reason=reason, superseded_by=newer)


def _judge(
    challenger: float | None,
    champion: float | None,
    *,
    champion_run: str | None,
    frequencies: float,
    rule: Promotion,
) -> tuple[bool, str]:
    if challenger is None or not math.isfinite(challenger):
        return False, "The challenger has no mAP: no label has an example"
    if challenger < rule.minimum_map:
        return False, f"mAP {challenger:.4f} is below promotion.minimum_map, {rule.minimum_map:.4f}"
    if champion_run is None and challenger <= frequencies:
        return False, (
            f"mAP {challenger:.4f} is no better than label frequencies alone, {frequencies:.4f}"
        )
    if champion_run is None:
        return True, f"mAP {challenger:.4f}, and there is no champion to beat"
    if champion is None or not math.isfinite(champion):
        raise ValueError(f"champion {champion_run} has no mAP on the challenger's validation set")
    against = f"the champion's {champion:.4f} ({champion_run})"
    needed = f" by more than promotion.margin, {rule.margin:.4f}" if rule.margin else ""
    if challenger > champion + rule.margin:
        return True, f"mAP {challenger:.4f} beats {against}{needed}"
    return False, f"mAP {challenger:.4f} does not beat {against}{needed}"
