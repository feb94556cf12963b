"""Whether a challenger takes the champion's place: a pure rule over a few numbers.

They are of the same images (`metrics.json`), which neither model was trained on; a champion's older
score, on other images, never counts. What could be luck is no proof, and stays out.
"""

import math
from collections.abc import Sequence

from msgspec.structs import replace

from tagline.formats.models import FEWEST_IMAGES, Difference, Metrics
from tagline.formats.outcomes import Decision
from tagline.formats.settings import Promotion


def decide(metrics: Metrics, champion_run: str | None, rule: Promotion) -> Decision:
    """Return whether to promote, and why: a sentence with the numbers in it.

    The challenger needs `minimum_map`; more than the champion's mAP by more than `margin`, or,
    without a champion, than label frequencies reach; that it is better with a probability of
    `confidence`; and no label that fell by more than `max_label_drop`. Raises ValueError for a
    champion that was not measured.
    """
    promote, reason = _judge(metrics, champion_run, rule)
    if metrics.start and metrics.start.instead:
        reason = f"{reason}; training started from {metrics.start.said}"
    return Decision(
        promote=promote,
        reason=reason,
        challenger_map=metrics.mAP,
        champion_map=metrics.champion.mAP if metrics.champion else None,
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


def _judge(metrics: Metrics, champion_run: str | None, rule: Promotion) -> tuple[bool, str]:
    challenger = metrics.mAP
    if challenger is None or not math.isfinite(challenger):
        return False, "The challenger has no mAP: no label has an example"
    if challenger < rule.minimum_map:
        return False, f"mAP {challenger:.4f} is below promotion.minimum_map, {rule.minimum_map:.4f}"
    if champion_run is None:
        return _first(metrics, challenger, rule)
    if metrics.not_compared:
        return False, f"Not compared with the champion ({champion_run}): {metrics.not_compared}"
    champion = metrics.champion.mAP if metrics.champion else None
    if champion is None or not math.isfinite(champion):
        raise ValueError(f"champion {champion_run} has no mAP on the challenger's images")
    return _against(metrics, challenger, champion, rule)


def _first(metrics: Metrics, challenger: float, rule: Promotion) -> tuple[bool, str]:
    frequencies = metrics.baseline_map or 0.0
    said = f"mAP {challenger:.4f} on {_images(metrics, metrics.images)}"
    reached = f"label frequencies alone, {frequencies:.4f}"
    few = _few(metrics.images)
    if challenger <= frequencies and few:
        return False, f"Too few images to tell: {said}, {reached}{few}"
    if challenger <= frequencies:
        return False, f"{said} is no better than {reached}"
    if doubt := _doubt(metrics.over_frequencies, rule):
        return False, f"Not proven better than {reached}: {said}; {doubt}{few}"
    sure = _sure(metrics.over_frequencies)
    return True, f"{said} beats {reached}{sure}, and there is no champion to beat{few}"


def _against(
    metrics: Metrics, challenger: float, champion: float, rule: Promotion
) -> tuple[bool, str]:
    difference = metrics.difference
    gain = challenger - champion
    if difference is not None and difference.mAP is not None:
        gain = difference.mAP
    run = metrics.champion.run if metrics.champion else ""
    needed = f" by more than promotion.margin, {rule.margin:.4f}" if rule.margin else ""
    compared = metrics.images if difference is None else difference.images or metrics.images
    said = (
        f"mAP {champion + gain:.4f} against the champion's {champion:.4f} ({run}), {gain:+.4f} on "
        f"{_images(metrics, compared)}{_left_out(metrics)}"
    )
    few = _few(compared)
    if gain <= rule.margin:
        return False, f"Not better{needed}: {said}{few}"
    if doubt := _doubt(difference, rule):
        return False, f"Not proven better: {said}; {doubt}{few}"
    worst = max(metrics.drops, key=lambda drop: drop.drop, default=None)
    if rule.max_label_drop is not None and worst and worst.drop > rule.max_label_drop:
        return False, (
            f"A label fell too far: average precision of {worst.label!r} by {worst.drop:.4f} on "
            f"{worst.support} images that have it; promotion.max_label_drop allows "
            f"{rule.max_label_drop:.4f} ({said})"
        )
    return True, f"Better{needed}: {said}{_sure(difference)}"


def _few(images: int) -> str:
    """Return that so many images tell little, as the end of a sentence; nothing for enough."""
    if images >= FEWEST_IMAGES:
        return ""
    return f"; {FEWEST_IMAGES} images are needed to tell a model from dice"


def _doubt(difference: Difference | None, rule: Promotion) -> str | None:
    """Return why a gain may be luck, in the words of `rule`, or None where it is proven."""
    if not rule.confidence:
        return None
    asked = f"promotion.confidence asks for {rule.confidence:.1%}"
    if difference is None or difference.bound is None or difference.probability is None:
        return f"how sure that is could not be measured, and {asked}"
    if difference.bound > 0 and difference.probability >= rule.confidence:
        return None
    only = f"with a probability of {difference.probability:.1%} only{_spread(difference)}"
    return f"{only}, while {asked}"


def _sure(difference: Difference | None) -> str:
    if difference is None or difference.probability is None:
        return ""
    return f", with a probability of {difference.probability:.1%}{_spread(difference)}"


def _spread(difference: Difference) -> str:
    if difference.low is None or difference.high is None:
        return ""
    return f" ({difference.level:.0%} interval {difference.low:+.4f} to {difference.high:+.4f})"


def _images(metrics: Metrics, number: int) -> str:
    return f"{number:,} {metrics.judged_on} image{'' if number == 1 else 's'}"


def _left_out(metrics: Metrics) -> str:
    if not metrics.left_out:
        return ""
    return f", without {metrics.left_out:,} that the champion was trained on"
