"""Whether a challenger takes the champion's place: a pure rule over a few numbers.

They are of one named metric on the same images, or for the same users (`metrics.json`), which
neither model was trained on; a champion's older score, on other ones, never counts. What could be
luck is no proof, and stays out.
"""

import math
from collections.abc import Sequence

from msgspec.structs import replace

from tagline.formats.models import Metrics
from tagline.formats.outcomes import Decision
from tagline.formats.recommending import RatingsMetrics
from tagline.formats.resampled import Resampled
from tagline.formats.settings import Promotion
from tagline.serving.figures import Figures, Gain, figures


def decide(
    metrics: Metrics | RatingsMetrics, champion_run: str | None, rule: Promotion
) -> Decision:
    """Return whether to promote, and why: a sentence with the numbers in it.

    The challenger needs `minimum_map` of the metric; more than the champion's by more than
    `margin`, or, without a champion, than label frequencies, one answer for all or popularity
    reach; that it is better with a probability of `confidence`; and no label that fell by more
    than `max_label_drop`. Raises ValueError for a champion that was not measured.
    """
    found = figures(metrics)
    promote, reason = _judge(found, champion_run, rule)
    if found.start:
        reason = f"{reason}; training started from {found.start}"
    return Decision(
        promote=promote,
        reason=reason,
        challenger_map=metrics.mAP if isinstance(metrics, Metrics) else None,
        champion_map=(
            metrics.champion.mAP if isinstance(metrics, Metrics) and metrics.champion else None
        ),
        metric=found.metric,
        challenger_value=found.value,
        champion_value=found.champion,
    )


def give_way(decision: Decision, newer: str) -> Decision:
    """Return the decision of a run whose list is no longer the last one that was dropped."""
    reason = f"run {newer}, of a list that was dropped later, decides; {decision.reason}"
    return replace(decision, promote=False, reason=reason, superseded_by=newer)


def hold_back(decision: Decision, run: str, tried: Sequence[str]) -> Decision:
    """Return the decision of a candidate, which no gate promotes; what it said stands behind."""
    gate = "the gate would promote it" if decision.promote else "nor would the gate promote it"
    reason = (
        f"a candidate that was tried ({', '.join(tried)}): `tagline promote {run} --why …` makes "
        f"it champion; {gate}: {decision.reason}"
    )
    return replace(decision, promote=False, reason=reason)


def _judge(found: Figures, champion_run: str | None, rule: Promotion) -> tuple[bool, str]:
    challenger = found.value
    if challenger is None or not math.isfinite(challenger):
        return False, f"The challenger has no {found.said}: {found.none}"
    if challenger < rule.minimum_map:
        meant = "" if found.metric == "mAP" else f", which is about {found.said} here"
        return False, (
            f"{found.said} {challenger:.4f} is below promotion.minimum_map, "
            f"{rule.minimum_map:.4f}{meant}"
        )
    if champion_run is None:
        return _first(found, challenger, rule)
    if found.not_compared:
        return False, f"Not compared with the champion ({champion_run}): {found.not_compared}"
    champion = found.champion
    if champion is None or not math.isfinite(champion):
        raise ValueError(
            f"champion {champion_run} has no {found.said} on the challenger's {found.case}s"
        )
    return _against(found, challenger, champion, rule)


def _first(found: Figures, challenger: float, rule: Promotion) -> tuple[bool, str]:
    said = f"{found.said} {challenger:.4f} on {_cases(found, found.judged)}"
    reached = f"{found.baseline_said}, {found.baseline:.4f}"
    few = _few(found, found.judged)
    if challenger <= found.baseline and few:
        return False, f"Too few {_plural(found)} to tell: {said}, {reached}{few}"
    if challenger <= found.baseline:
        return False, f"{said} is no better than {reached}"
    if doubt := _doubt(found.over_baseline, rule):
        return False, f"Not proven better than {reached}: {said}; {doubt}{few}"
    sure = _sure(found.over_baseline)
    return True, f"{said} beats {reached}{sure}, and there is no champion to beat{few}"


def _against(
    found: Figures, challenger: float, champion: float, rule: Promotion
) -> tuple[bool, str]:
    difference = found.difference
    gain = challenger - champion
    if difference is not None and difference.value is not None:
        gain = difference.value
    needed = f" by more than promotion.margin, {rule.margin:.4f}" if rule.margin else ""
    compared = found.judged if difference is None else difference.judged or found.judged
    said = (
        f"{found.said} {champion + gain:.4f} against the champion's {champion:.4f} "
        f"({found.champion_run}), {gain:+.4f} on {_cases(found, compared)}{_left_out(found)}"
        f"{''.join(f'; {said}' for said in (found.resized, found.other_task) if said)}"
    )
    few = _few(found, compared)
    if gain <= rule.margin:
        return False, f"Not better{needed}: {said}{few}"
    if doubt := _doubt(difference, rule):
        return False, f"Not proven better: {said}; {doubt}{few}"
    worst = max(found.drops, key=lambda drop: drop.drop, default=None)
    if rule.max_label_drop is not None and worst and worst.drop > rule.max_label_drop:
        return False, (
            f"A label fell too far: {found.of_labels} of {worst.label!r} by {worst.drop:.4f} on "
            f"{worst.support} images that have it; promotion.max_label_drop allows "
            f"{rule.max_label_drop:.4f} ({said})"
        )
    return True, f"Better{needed}: {said}{_sure(difference)}"


def _few(found: Figures, judged: int) -> str:
    """Return that so many cases tell little, as the end of a sentence; nothing for enough."""
    if judged >= found.fewest:
        return ""
    needed = f"it takes {found.fewest} {_plural(found)} to tell a model from dice"
    return f"; {needed}, and these are {judged:,}"


def _plural(found: Figures) -> str:
    return f"{found.case.rpartition(' ')[2]}s"


def _doubt(gain: Gain | None, rule: Promotion) -> str | None:
    """Return why a gain may be luck, in the words of `rule`, or None where it is proven."""
    if not rule.confidence:
        return None
    asked = f"promotion.confidence asks for {rule.confidence:.1%}"
    if gain is None or gain.sure.bound is None or gain.sure.probability is None:
        return f"how sure that is could not be measured, and {asked}"
    if gain.sure.bound > 0 and gain.sure.probability >= rule.confidence:
        return None
    only = f"with a probability of {gain.sure.probability:.1%} only{_spread(gain.sure)}"
    return f"{only}, while {asked}"


def _sure(gain: Gain | None) -> str:
    if gain is None or gain.sure.probability is None:
        return ""
    return f", with a probability of {gain.sure.probability:.1%}{_spread(gain.sure)}"


def _spread(sure: Resampled) -> str:
    if sure.low is None or sure.high is None:
        return ""
    return f" ({sure.level:.0%} interval {sure.low:+.4f} to {sure.high:+.4f})"


def _cases(found: Figures, number: int) -> str:
    return f"{number:,} {found.case}{'' if number == 1 else 's'}"


def _left_out(found: Figures) -> str:
    if not found.left_out:
        return ""
    return f", without {found.left_out:,} that the champion was trained on"
