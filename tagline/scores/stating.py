"""Numbers as files state them: six digits, null for what is not a number."""

import math
from typing import Any

from tagline.scores.bootstrap import Gain

DIGITS = 6


def number(value: float) -> float | None:
    """Return a value as files state it."""
    return None if math.isnan(value) else round(float(value), DIGITS)


def resampled(gain: Gain) -> dict[str, Any]:
    """Return how sure a gain is, by the keys of `tagline.formats.resampled.Resampled`."""
    return {
        "low": number(gain.low),
        "high": number(gain.high),
        "level": gain.level,
        "rounds": gain.rounds,
        "bound": number(gain.bound),
        "confidence": gain.confidence,
        "probability": number(gain.probability),
    }
