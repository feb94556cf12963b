"""Small drawings for the report, as inline SVG that takes its colours from the page."""

from collections.abc import Sequence

import numpy as np

from tagline.scores.ranking import Ranking

_POINTS = 120  # of a curve; more cannot be seen
_SIDE, _EDGE = 220, 30  # the curve's square and its margin, in SVG units


def bar(value: float, mark: float | None = None) -> str:
    """Return a bar of 0..1, with a tick at `mark` (what would be had for nothing)."""
    tick = (
        f'<line class="tick" x1="{mark * 100:.2f}" x2="{mark * 100:.2f}" y1="0" y2="10"/>'
        if mark is not None
        else ""
    )
    return (
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" width="100" height="10"/>'
        f'<rect class="fill" width="{value * 100:.2f}" height="10"/>{tick}</svg>'
    )


def bars(rows: Sequence[tuple[str, float, str]]) -> str:
    """Return bars under each other: (name already escaped, value 0..1, CSS class)."""
    lines = "".join(
        f'<div class="row {kind}"><span>{name}</span>{bar(value)}<b>{value:.3f}</b></div>'
        for name, value, kind in rows
    )
    return f'<div class="comparison">{lines}</div>'


def curve(ranking: Ranking, threshold: float) -> str:
    """Return a precision-recall curve with a dot where the label's threshold cuts it."""
    recall = np.concatenate([[0.0], ranking.recall])
    precision = np.concatenate([ranking.precision[:1], ranking.precision])
    keep = np.unique(np.linspace(0, len(recall) - 1, _POINTS).round().astype(int))
    points = " ".join(_at(recall[i], precision[i]) for i in keep)
    tagged = int(np.count_nonzero(ranking.scores >= threshold))
    dot = ""
    if tagged:
        x, y = _at(ranking.recall[tagged - 1], ranking.precision[tagged - 1]).split(",")
        dot = f'<circle class="dot" cx="{x}" cy="{y}" r="5"/>'
    size = _SIDE + 2 * _EDGE
    low, high = _EDGE, _EDGE + _SIDE
    return (
        f'<svg class="curve" viewBox="0 0 {size} {size}" role="img" '
        'aria-label="precision against recall">'
        f'<path class="axis" d="M{low} {low}V{high}H{high}"/>'
        f'<path class="grid" d="M{low} {low}H{high}M{low} {(low + high) / 2}H{high}"/>'
        f'<polyline class="line" points="{points}"/>{dot}'
        f'<text x="{(low + high) / 2}" y="{size - 8}" text-anchor="middle">recall</text>'
        f'<text x="{low - 6}" y="{low + 4}" text-anchor="end">1</text>'
        f'<text x="{low - 6}" y="{high + 4}" text-anchor="end">0</text>'
        f'<text x="{high}" y="{high + 16}" text-anchor="middle">1</text>'
        f'<text x="12" y="{(low + high) / 2}" text-anchor="middle" '
        f'transform="rotate(-90 12 {(low + high) / 2})">precision</text></svg>'
    )


def _at(recall: float, precision: float) -> str:
    return f"{_EDGE + recall * _SIDE:.1f},{_EDGE + (1 - precision) * _SIDE:.1f}"
