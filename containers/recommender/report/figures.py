"""Tables and curves of the figures: this model, the champion, popularity."""

from collections.abc import Sequence
from html import escape

import numpy as np

from recommender.judging import Evaluation
from tagline.ranking.groups import groups
from tagline.ranking.lists import DEPTH, Lists
from trainer.report.words import number, scrolling, table

_WIDTH, _HEIGHT, _EDGE = 320, 200, 34  # a curve's drawing, in SVG units
_STYLES = ("line", "line champion", "line popular")


def models(evaluation: Evaluation) -> list[tuple[str, Lists]]:
    """Return what is compared: names, escaped, and lists."""
    found = [("this model", evaluation.lists)]
    if evaluation.champion and evaluation.champion_lists and not evaluation.not_compared:
        name = escape(evaluation.champion.candidate.run)
        found.append((f"champion {name}", evaluation.champion_lists))
    return [*found, ("popularity", evaluation.popular)]


def figures_table(evaluation: Evaluation) -> str:
    """Return all figures of all models."""
    test = evaluation.test
    rows = [
        (
            name,
            number(float(found.ndcg().mean())),
            number(float(found.recall().mean())),
            number(float(found.precision.mean())),
            f"{found.coverage(len(test.items)):.1%}",
            number(found.novelty(test.raters, test.known), ".1f"),
        )
        for name, found in models(evaluation)
    ]
    heads = ("", "NDCG@10", "recall@10", "MAP", "coverage", "novelty")
    return (
        '<h2>Figures</h2><p class="note">Means over users, every item ranked. Coverage: the share '
        "of all items in anybody's first ten. Novelty: how rare the first ten are, in bits; 1 is "
        "an item that half of the users know.</p>"
        f"{scrolling('figures', table(heads, rows))}"
    )


def groups_table(evaluation: Evaluation) -> str:
    """Return the figures of users with histories of similar length."""
    compared = models(evaluation)
    rows = []
    for name, inside in groups(evaluation.test.lengths):
        means = [number(float(found.ndcg()[inside].mean())) for _, found in compared]
        recall = number(float(evaluation.lists.recall()[inside].mean()))
        rows.append((name, f"{int(inside.sum()):,}", *means, recall))
    heads = ("items rated before", "users", *(f"NDCG@10, {name}" for name, _ in compared))
    return (
        '<h2>Groups of users</h2><p class="note">By how much is known of them.</p>'
        f"{scrolling('groups', table((*heads, 'recall@10, this model'), rows))}"
    )


def curves(evaluation: Evaluation) -> str:
    """Return NDCG and recall over the places of the list."""
    compared = models(evaluation)
    places = np.arange(1, min(DEPTH, len(evaluation.test.items)) + 1)
    drawings = []
    for title, of in (("NDCG@k", Lists.ndcg), ("recall@k", Lists.recall)):
        values = [[float(of(found, int(k)).mean()) for k in places] for _, found in compared]
        drawings.append(_drawing(title, places.tolist(), values))
    legend = ", ".join(
        f'<span class="{style.split()[-1]}-name">{name}</span>'
        for style, (name, _) in zip(_used(len(compared)), compared, strict=True)
    )
    return (
        f'<h2>Over the list</h2><p class="note">The first k places, k from 1 to {len(places)}: '
        f'{legend}.</p><div class="curves">{"".join(drawings)}</div>'
    )


def _used(models_compared: int) -> tuple[str, ...]:
    return _STYLES if models_compared == len(_STYLES) else (_STYLES[0], _STYLES[2])


def _drawing(title: str, places: Sequence[int], lines: Sequence[Sequence[float]]) -> str:
    top = max(max(line) for line in lines) or 1.0
    across = max(places[-1] - 1, 1)

    def at(place: int, value: float) -> str:
        x = _EDGE + _WIDTH * (place - 1) / across
        return f"{x:.1f},{_EDGE + _HEIGHT * (1 - value / top):.1f}"

    drawn = "".join(
        f'<polyline class="{style}" points="'
        f'{" ".join(at(k, value) for k, value in zip(places, line, strict=True))}"/>'
        for style, line in zip(_used(len(lines)), lines, strict=True)
    )
    bottom, right = _EDGE + _HEIGHT, _EDGE + _WIDTH
    return (
        f'<figure class="panel"><figcaption>{title}</figcaption><svg class="curve" '
        f'viewBox="0 0 {right + _EDGE} {bottom + _EDGE}" role="img" aria-label="{title}">'
        f'<path class="axis" d="M{_EDGE} {_EDGE}V{bottom}H{right}"/>'
        f'<text x="{_EDGE - 4}" y="{_EDGE + 4}" text-anchor="end">{top:.2f}</text>'
        f'<text x="{_EDGE - 4}" y="{bottom + 4}" text-anchor="end">0</text>'
        f'<text x="{_EDGE}" y="{bottom + 18}" text-anchor="middle">1</text>'
        f'<text x="{right}" y="{bottom + 18}" text-anchor="middle">{places[-1]}</text>'
        f"{drawn}</svg></figure>"
    )
