"""Small drawings for the report, as inline SVG that takes its colours from the page."""

from collections.abc import Sequence

import numpy as np

from tagline.scores.calibration import Reliability
from tagline.scores.ranking import Ranking

_STEPS = 40  # of a curve's recall; more cannot be seen, and a page has hundreds of curves
_SIDE, _EDGE = 220, 30  # a plot's square and its margin, in SVG units
_LOW, _HIGH, _SIZE = _EDGE, _EDGE + _SIDE, _SIDE + 2 * _EDGE
_MIDDLE = _EDGE + _SIDE // 2


def bar(value: float, mark: float | None = None) -> str:
    """Return a bar of 0..1, with a tick at `mark` (what would be had for nothing)."""
    tick = (
        f'<line class="tick" x1="{mark * 100:.1f}" x2="{mark * 100:.1f}" y1="0" y2="10"/>'
        if mark is not None
        else ""
    )
    return (
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" width="100" height="10"/>'
        f'<rect class="fill" width="{value * 100:.1f}" height="10"/>{tick}</svg>'
    )


def bars(rows: Sequence[tuple[str, float, str]]) -> str:
    """Return bars under each other: (name already escaped, value 0..1, CSS class)."""
    lines = "".join(
        f'<div class="row {kind}"><span>{name}</span>{bar(value)}<b>{value:.3f}</b></div>'
        for name, value, kind in rows
    )
    return f'<div class="comparison">{lines}</div>'


def interval(low: float, value: float, high: float, widest: float) -> str:
    """Return a difference with its interval, on an axis from -widest to widest."""
    low, value, high = (50 + 50 * x / widest for x in (low, value, high))
    return (
        '<svg class="bar interval" viewBox="0 0 100 10" preserveAspectRatio="none" '
        'aria-hidden="true"><path class="zero" d="M50 0V10"/>'
        f'<path class="span" d="M{low:.1f} 5H{high:.1f}"/>'
        f'<path class="point" d="M{value:.1f} 1V9"/></svg>'
    )


def plots() -> str:
    """Return what all plots share, once for the page: axes, grid and their words."""
    return (
        '<svg width="0" height="0" aria-hidden="true" class="shared"><defs>'
        f'<g id="axes"><path class="axis" d="M{_LOW} {_LOW}V{_HIGH}H{_HIGH}"/>'
        f'<path class="grid" d="M{_LOW} {_LOW}H{_HIGH}M{_LOW} {_MIDDLE}H{_HIGH}"/>'
        f'<text x="{_LOW - 6}" y="{_LOW + 4}" text-anchor="end">1</text>'
        f'<text x="{_LOW - 6}" y="{_HIGH + 4}" text-anchor="end">0</text>'
        f'<text x="{_HIGH}" y="{_HIGH + 16}" text-anchor="middle">1</text></g>'
        f'<g id="pr">{_words("recall", "precision")}</g>'
        f'<g id="sure">{_words("score", "share that is true")}</g></defs></svg>'
    )


def curve(ranking: Ranking, threshold: float, of: str) -> str:
    """Return a precision-recall curve with a dot where the threshold cuts it.

    `of` is whose it is, already escaped.
    """
    drawn = [(ranking.recall[i], ranking.precision[i]) for i in _corners(ranking).tolist()]
    points = " ".join(_at(*point) for point in [(0.0, drawn[0][1]), *drawn])
    tagged = int(np.count_nonzero(ranking.scores >= threshold))
    dot = ""
    if tagged:
        x, y = _at(ranking.recall[tagged - 1], ranking.precision[tagged - 1]).split(",")
        dot = f'<circle class="dot" cx="{x}" cy="{y}" r="5"/>'
    return _plot(
        f"precision against recall of {of}",
        f'<use href="#pr"/><polyline class="line" points="{points}"/>{dot}',
    )


def diagram(found: Reliability) -> str:
    """Return a reliability diagram: how often it is true, over the score that was given."""
    shown = np.flatnonzero(found.images)
    share = found.images[shown] / found.images.max()
    points = [
        _at(found.mean_score[i], found.frequency[i]).split(",") for i in shown.tolist()
    ]  # the dots' area tells how many pairs they are of, by its logarithm
    sizes = 3 + 4 * np.log1p(share * 1000) / np.log1p(1000)
    dots = "".join(
        f'<circle class="dot" cx="{x}" cy="{y}" r="{size:.1f}"/>'
        for (x, y), size in zip(points, sizes, strict=True)
    )
    line = " ".join(",".join(point) for point in points)
    return _plot(
        "reliability diagram; the table beside it has the numbers",
        f'<use href="#sure"/><path class="ideal" d="M{_LOW} {_HIGH}L{_HIGH} {_LOW}"/>'
        f'<polyline class="line" points="{line}"/>{dots}',
    )


def _corners(ranking: Ranking) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the points to draw: at evenly spread counts of hits, the best and the worst one.

    Between two hits precision only falls: what lies between its two ends is nearly straight.
    """
    hits = np.unique(np.linspace(1, ranking.positives, _STEPS).round())
    best = np.searchsorted(ranking.true_positives, hits)
    worst = np.maximum(best - 1, 0)  # the last point with fewer hits
    return np.unique(np.concatenate([[0], worst, best]))


def _plot(name: str, drawn: str) -> str:
    return (
        f'<svg class="curve" viewBox="0 0 {_SIZE} {_SIZE}" role="img" aria-label="{name}">'
        f'<use href="#axes"/>{drawn}</svg>'
    )


def _words(across: str, up: str) -> str:
    return (
        f'<text x="{_MIDDLE}" y="{_SIZE - 8}" text-anchor="middle">{across}</text>'
        f'<text x="12" y="{_MIDDLE}" text-anchor="middle" '
        f'transform="rotate(-90 12 {_MIDDLE})">{up}</text>'
    )


def _at(across: float, up: float) -> str:
    return f"{_EDGE + across * _SIDE:.0f},{_EDGE + (1 - up) * _SIDE:.0f}"
