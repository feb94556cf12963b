"""From two sets of counts to a verdict: which labels and inputs drifted, and how far."""

from collections.abc import Mapping, Sequence

from tagline.drift.divergence import by_chance, change_of_share, coarser, psi
from tagline.formats.drift import (
    BINS,
    Counts,
    InputCounts,
    InputDrift,
    LabelDrift,
    Property,
    RateShift,
    Shift,
)

CHANCE = 0.01  # that anything of a dataset is called drift where nothing changed, a look
_TIMES, _POINTS = 2.0, 0.1  # a rate that doubled or halved, or moved ten points
_DIGITS = 6
_NOTHING = (0,) * BINS


def compare_labels(reference: Counts, now: Counts, limit: float) -> list[LabelDrift]:
    """Return every label of the reference, the most drifted first.

    `limit` is the index from which on a label counts as drifted, if chance does not reach it.
    """
    found = {label.label: label for label in now.labels}
    chance = CHANCE / max(1, len(reference.labels))
    rows = []
    for label in reference.labels:
        other = found.get(label.label)
        bins = other.bins if other else _NOTHING
        rows.append(
            LabelDrift(
                label=label.label,
                scores=shift(*coarser(label.bins, bins), limit, chance),
                rate=_rate(
                    (label.tagged, reference.images),
                    (other.tagged if other else 0, now.images),
                    chance,
                ),
                reference=label.bins,
                now=bins,
            )
        )
    return sorted(rows, key=lambda row: (not row.scores.drifted, -(row.scores.psi or 0.0)))


def compare_inputs(reference: InputCounts, now: InputCounts, limit: float) -> list[InputDrift]:
    """Return what became of the files' format, size and alpha."""

    def compared(what: Property, before: dict[str, int], after: dict[str, int]) -> InputDrift:
        found = shift(*_over_the_same(before, after), limit, CHANCE / 3)
        return InputDrift(what=what, shift=found, reference=before, now=after)

    return [
        compared("format", reference.format, now.format),
        compared("size", reference.size, now.size),
        compared("alpha", reference.alpha, now.alpha),
    ]


def shift(before: Sequence[int], after: Sequence[int], limit: float, chance: float) -> Shift:
    """Return how far counts over the same bins lie apart, and whether that is drift."""
    value = psi(before, after)
    if value is None:
        return Shift(psi=None, limit=limit, drifted=False)
    least = by_chance(sum(before), sum(after), len(before), chance)
    return Shift(
        psi=round(value, _DIGITS),
        limit=round(max(limit, least), _DIGITS),
        drifted=value >= max(limit, least),
    )


def _rate(before: tuple[int, int], now: tuple[int, int], chance: float) -> RateShift:
    p, q = (hits / images if images else None for hits, images in (before, now))
    if p is None or q is None:
        return RateShift(reference=p, now=q, low=None, high=None, drifted=False)
    low, high = change_of_share(before, now, chance)
    matters = abs(q - p) >= _POINTS or max(p, q) >= _TIMES * min(p, q)
    return RateShift(
        reference=round(p, _DIGITS),
        now=round(q, _DIGITS),
        low=round(low, _DIGITS),
        high=round(high, _DIGITS),
        drifted=matters and (low > 0 or high < 0),
    )


def _over_the_same(
    before: Mapping[str, int], after: Mapping[str, int]
) -> tuple[list[int], list[int]]:
    names = sorted({*before, *after})
    return [before.get(name, 0) for name in names], [after.get(name, 0) for name in names]
