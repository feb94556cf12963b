"""The labels: a table, then each one's curve and the rows that the model is wrong about."""

from collections.abc import Mapping
from html import escape

import numpy as np
from numpy.typing import NDArray

from tagline.formats.rows import Verdict
from tagline.scores.ranking import rank
from tagline.scores.thresholds import SUPPORT_FLOOR, Thresholds
from trainer.evaluation import Comparison, Evaluation
from trainer.report.charts import bar, curve, interval
from trainer.report.words import DASH, MINUS, number, scrolling, table, where

_MISTAKES, _MOST_EACH = 3000, 8  # rows that the page names, and of a label's either kind
_RECALLS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
_SORTED = {
    "ap": "average precision",
    "name": "name",
    "positives": "positives",
    "ece": "calibration error",
}


def controls(evaluation: Evaluation) -> str:
    """Return search and order for table and curves, which the page's script uncovers."""
    kinds = _SORTED | ({"recall": "recall"} if evaluation.single else {})
    kinds |= {"gap": "change from the champion"} if evaluation.comparison else {}
    options = "".join(f'<option value="{key}">{name}</option>' for key, name in kinds.items())
    return (
        '<form id="controls" class="controls" hidden><label>Search <input id="find" type="search" '
        f'placeholder="label"></label><label>Sort by <select id="sort">{options}</select></label>'
        '<label><input id="reverse" type="checkbox"> reverse</label>'
        '<output id="shown" for="find"></output></form>'
    )


def label_table(evaluation: Evaluation, errors: NDArray[np.float64]) -> str:
    """Return the table; `errors` (L,) are the labels' calibration errors."""
    comparison = evaluation.comparison
    beside = '<th scope="col" colspan="2">against the champion</th>' if comparison else ""
    if evaluation.single:
        beside = f'<th scope="col">recall</th><th scope="col">precision</th>{beside}'
    rows = "".join(_row(evaluation, errors, int(j)) for j in _order(evaluation))
    return scrolling(
        "labels and their numbers",
        '<table class="labels"><thead><tr><th scope="col">label</th><th scope="col">positives</th>'
        f'<th scope="col" colspan="2">AP</th>{beside}<th scope="col">F1</th>'
        '<th scope="col">threshold</th><th scope="col">ECE</th></tr></thead>'
        f"<tbody data-labels>{rows}</tbody></table>",
    )


def together(evaluation: Evaluation) -> str:
    """Return the curve of all pairs of image and label in one ranking, and what it offers."""
    found = rank(evaluation.challenger.scores.ravel(), evaluation.truth.ravel())
    recall, precision = found.recall, found.precision
    rows = []
    for wanted in _RECALLS:
        i = int(np.searchsorted(recall, wanted))
        rows.append((f"{wanted:.0%}", f"{precision[i]:.1%}", f"{found.scores[i]:.3f}"))
    drawn = curve(found, evaluation.thresholds.shared, "all labels together")
    heads = ("of the true tags found", "of the given ones true", "by scores from")
    numbers = scrolling("what may be had of all labels together", table(heads, rows), panel=False)
    return (
        '<div class="panel beside"><figure class="plot"><figcaption>all labels together '
        f"<small>micro AP {evaluation.challenger.quality.micro_ap:.3f}</small></figcaption>{drawn}"
        f"</figure>{numbers}</div>"
    )


def curves(evaluation: Evaluation, rows: Mapping[int, Verdict]) -> str:
    """Return every judged label's curve, from the best label to the worst, with its mistakes."""
    ap = evaluation.challenger.quality.ap
    order = [int(j) for j in _order(evaluation) if not np.isnan(ap[j])]
    each = max(1, min(_MOST_EACH, _MISTAKES // max(1, 2 * len(order))))
    return (
        f'<div class="panel curves" data-labels>'
        f"{''.join(_figure(evaluation, rows, j, each) for j in order)}</div>"
    )


def standing(comparison: Comparison) -> str:
    """Say of how many labels it is plain that they rose or fell."""
    found = comparison.labels
    if found is None:
        return ""
    enough = comparison.challenger.support >= SUPPORT_FLOOR
    up, down = int((enough & (found.low > 0)).sum()), int((enough & (found.high < 0)).sum())
    return (
        f"Of {int(enough.sum()):,} labels with {SUPPORT_FLOOR} positives or more, {up:,} are "
        "better than the champion's beyond what the choice of images explains, and "
        f"{down:,} worse, where {enough.sum() / 20:.0f} would seem so by chance. The bars are 95% "
        "intervals of resampled images, each drawn for both models alike."
    )


def _order(evaluation: Evaluation) -> NDArray[np.int64]:
    ap = evaluation.challenger.quality.ap
    return np.argsort(-np.where(np.isnan(ap), -1, ap), kind="stable")


def _row(evaluation: Evaluation, errors: NDArray[np.float64], j: int) -> str:
    found, comparison = evaluation.challenger.quality, evaluation.comparison
    ap, support = float(found.ap[j]), int(found.support[j])
    cells = [f'<th scope="row">{escape(evaluation.labels[j])}</th>', f"<td>{support:,}</td>"]
    if np.isnan(ap):
        cells.append(f'<td class="wide"></td><td>{DASH}</td>')
    else:
        share = support / len(evaluation.truth)
        cells.append(f'<td class="wide">{bar(ap, share)}</td><td>{ap:.3f}</td>')
    gap, single = np.nan, evaluation.single
    if single:
        told = (single.answers.recall, single.answers.precision)
        cells += [f"<td>{number(float(values[j]))}</td>" for values in told]
    if comparison:
        gap = _gap(comparison, j)
        cells.append(_against(gap, comparison, j))
    cells += [
        f"<td>{number(float(evaluation.f1.labels[j]))}</td>",
        f"<td>{_threshold(evaluation.thresholds, j)}</td>",
        f"<td>{number(float(errors[j]))}</td>",
    ]
    data = {"ap": ap, "positives": support, "ece": float(errors[j]), "gap": gap}
    if single:
        data["recall"] = float(single.answers.recall[j])
    ranks = "".join(
        f' data-{key}="{value:.4g}"' for key, value in data.items() if not np.isnan(value)
    )
    return f'<tr data-label="{j}"{ranks}>{"".join(cells)}</tr>'


def _threshold(found: Thresholds, j: int) -> str:
    value, chosen = f"{found.values[j]:.3f}", found.chosen
    if chosen is None or np.isnan(chosen[j]):
        return value
    return f"{value} <small>by hand, chosen {chosen[j]:.3f}</small>"


def _gap(comparison: Comparison, j: int) -> float:
    """Return how much more a label has than the champion's: of AP, of single labels of recall."""
    if comparison.single:
        mine, theirs = comparison.single.challenger.recall, comparison.single.champion.recall
    else:
        mine, theirs = comparison.challenger.ap, comparison.champion.ap
    return float(mine[j] - theirs[j])


def _against(gap: float, comparison: Comparison, j: int) -> str:
    found = comparison.labels
    if np.isnan(gap):
        return f"<td></td><td>{DASH}</td>"
    if found is None:
        return f"<td></td><td>{number(gap, '+.3f')}</td>"
    low, high = float(found.low[j]), float(found.high[j])
    enough = comparison.challenger.support[j] >= SUPPORT_FLOOR
    kind = "up" if enough and low > 0 else "down" if enough and high < 0 else ""
    widest = float(np.nanmax(np.abs([found.low, found.high, found.value]))) or 1.0
    return (
        f'<td class="narrow">{interval(low, gap, high, widest)}</td><td class="{kind}">'
        f"{number(gap, '+.3f')} <small>{number(low, '+.3f')} to {number(high, '+.3f')}</small></td>"
    )


def _figure(evaluation: Evaluation, rows: Mapping[int, Verdict], j: int, each: int) -> str:
    scores, true = evaluation.challenger.scores[:, j], evaluation.truth[:, j] > 0
    given, label = evaluation.tagged[:, j], escape(evaluation.labels[j])
    wrong, missed = np.flatnonzero(given & ~true), np.flatnonzero(true & ~given)
    named = [
        *_named(evaluation, rows, wrong[np.argsort(-scores[wrong], kind="stable")[:each]], j, "+"),
        *_named(
            evaluation, rows, missed[np.argsort(scores[missed], kind="stable")[:each]], j, MINUS
        ),
    ]
    mistakes = (
        f"<details><summary>{len(wrong):,} given wrongly, {len(missed):,} missed</summary>"
        f'<ul class="mistakes">{"".join(named)}</ul></details>'
        if named
        else '<p class="note">no mistake</p>'
    )
    drawn = curve(rank(scores, true), float(evaluation.thresholds.values[j]), label)
    return (
        f'<figure data-label="{j}"><figcaption>{label} <small>AP '
        f"{evaluation.challenger.quality.ap[j]:.3f}</small></figcaption>{drawn}{mistakes}</figure>"
    )


def _named(
    evaluation: Evaluation,
    rows: Mapping[int, Verdict],
    indexes: NDArray[np.int64],
    j: int,
    sign: str,
) -> list[str]:
    kind = "missed" if sign == MINUS else "wrong"
    return [
        f'<li><span class="{kind}">{sign} {evaluation.challenger.scores[i, j]:.3f}</span> '
        f"{where(rows[int(evaluation.ids[i])])}</li>"
        for i in indexes
    ]
