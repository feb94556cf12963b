"""Whether a challenger takes the champion's place: a pure rule over two numbers.

Both numbers are mAP on the same validation images (`metrics.json`); a champion's older score, on
other images, never counts.
"""

import math
from typing import NamedTuple


class Decision(NamedTuple):
    """The answer and its reason, a sentence with the numbers in it."""

    promote: bool
    reason: str


def decide(
    challenger: float | None,
    champion: float | None,
    *,
    champion_run: str | None,
    margin: float,
    minimum: float,
) -> Decision:
    """Return whether to promote; mAPs lie in [0, 1] and are None where nothing could be measured.

    Without a champion the challenger needs `minimum`; with one it needs that and more than the
    champion's mAP plus `margin`. Raises ValueError for a champion that was not measured.
    """
    if challenger is None or not math.isfinite(challenger):
        return Decision(promote=False, reason="The challenger has no mAP: no label has an example")
    if challenger < minimum:
        return Decision(
            promote=False,
            reason=f"mAP {challenger:.4f} is below promotion.minimum_map, {minimum:.4f}",
        )
    if champion_run is None:
        return Decision(
            promote=True,
            reason=f"mAP {challenger:.4f}, and there is no champion to beat",
        )
    if champion is None or not math.isfinite(champion):
        raise ValueError(f"champion {champion_run} has no mAP on the challenger's validation set")
    against = f"the champion's {champion:.4f} ({champion_run})"
    needed = f" by more than promotion.margin, {margin:.4f}" if margin else ""
    if challenger > champion + margin:
        return Decision(promote=True, reason=f"mAP {challenger:.4f} beats {against}{needed}")
    return Decision(promote=False, reason=f"mAP {challenger:.4f} does not beat {against}{needed}")
