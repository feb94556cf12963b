"""How far two sets of counts lie apart, and from where on that is no chance.

The population stability index is Σ (q - p) ln(q / p) over the bins, p and q the shares of the two
sets (N. Siddiqi, Credit Risk Scorecards, Wiley 2006, ch. 9; it is the symmetric divergence of
Jeffreys 1946, and Kullback and Leibler 1951). Each bin has half a count more, so that an empty one
gives no infinity. Of two samples of the same source it is about (1/n + 1/m) times a chi-square of
bins - 1 degrees of freedom (B. Yurdakul and J. Naranjo, Statistical properties of the population
stability index, Journal of Risk Model Validation 14(3), 2020): below the quantile of that, a
difference may be chance, however large the index is.

Shares are compared by Newcombe's interval of two of Wilson's (R. G. Newcombe, Statistics in
Medicine 17, 1998, method 10).
"""

import math
from collections.abc import Sequence
from statistics import NormalDist

_SMOOTHING = 0.5  # counts added to each bin
_LEAST_SHARE = 0.05  # of the reference, that a bin of the comparison holds
_NORMAL = NormalDist()


def psi(first: Sequence[int], second: Sequence[int]) -> float | None:
    """Return the population stability index of two sets of counts over the same bins, from 0 on.

    None where one of them is empty. Raises ValueError for different numbers of bins.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} bins cannot be compared with {len(second)}")
    if not sum(first) or not sum(second):
        return None
    p, q = _shares(first), _shares(second)
    return math.fsum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True))


def by_chance(first: int, second: int, bins: int, probability: float) -> float:
    """Return what the index of two samples of one source exceeds with that probability only.

    `first` and `second` are their sizes, from 1; with fewer than two bins it is 0.
    """
    if bins < 2:  # noqa: PLR2004 - one bin holds all of both
        return 0.0
    return _chi_square(1 - probability, bins - 1) * (1 / first + 1 / second)


def coarser(reference: Sequence[int], now: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return both with neighbouring bins put together until each holds 5 % of the reference.

    What is left at the end joins the last one. An empty reference makes one bin.
    """
    least = max(1.0, _LEAST_SHARE * sum(reference))
    merged: list[tuple[int, int]] = []
    held = (0, 0)
    for a, b in zip(reference, now, strict=True):
        held = (held[0] + a, held[1] + b)
        if held[0] >= least:
            merged.append(held)
            held = (0, 0)
    if held != (0, 0):
        last = merged.pop() if merged else (0, 0)
        merged.append((last[0] + held[0], last[1] + held[1]))
    return [a for a, _ in merged], [b for _, b in merged]


def change_of_share(
    before: tuple[int, int], now: tuple[int, int], probability: float
) -> tuple[float, float]:
    """Return between what the change of a share lies, but for that probability.

    Each is (images that have it, images), of one image at least.
    """
    z = _NORMAL.inv_cdf(1 - probability / 2)
    (p, p_low, p_high), (q, q_low, q_high) = _wilson(*before, z), _wilson(*now, z)
    change = q - p
    return (
        change - math.hypot(q - q_low, p_high - p),
        change + math.hypot(q_high - q, p - p_low),
    )


def _shares(counts: Sequence[int]) -> list[float]:
    whole = sum(counts) + _SMOOTHING * len(counts)
    return [(count + _SMOOTHING) / whole for count in counts]


def _wilson(hits: int, images: int, z: float) -> tuple[float, float, float]:
    """Return a share and the ends of Wilson's score interval around it."""
    share, squared = hits / images, z * z
    middle = (share + squared / (2 * images)) / (1 + squared / images)
    half = z * math.sqrt(share * (1 - share) / images + squared / (4 * images * images))
    half /= 1 + squared / images
    return share, max(0.0, middle - half), min(1.0, middle + half)


def _chi_square(quantile: float, freedom: int) -> float:
    """Return a quantile of the chi-square distribution by Wilson and Hilferty's cube (1931)."""
    spread = 2 / (9 * freedom)
    root = 1 - spread + _NORMAL.inv_cdf(quantile) * math.sqrt(spread)
    return freedom * max(0.0, root) ** 3
