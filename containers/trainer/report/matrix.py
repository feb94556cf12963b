"""The confusion matrix: a table that is read as a picture, of models of single labels."""

from html import escape

import numpy as np
from numpy.typing import NDArray

from tagline.scores.seriation import together
from tagline.scores.single import Answers
from trainer.report.words import number, scrolling

_MOST = 60  # labels; more cannot be read, and their squares would make the page large
_OTHERS = "all others"
_FEW, _SOME = 8, 24  # labels up to which cells are large, and of the usual size
_ORDERS = {
    "list": "the list",
    "together": "what is taken for each other",
    "recall": "recall, the worst first",
    "images": "images, the most first",
}

Counts = NDArray[np.int64]


def matrix_section(labels: tuple[str, ...], found: Answers, side: str) -> str:
    """Return the section as HTML, with what orders it anew where scripts run."""
    counts, names, left = _shown(found.confusion, labels)
    order = {
        "list": np.arange(len(names)),
        "together": together(counts),
        "recall": np.argsort(np.nan_to_num(_share(counts), nan=2), kind="stable"),
        "images": np.argsort(-counts.sum(axis=1), kind="stable"),
    }
    ranks = {key: np.argsort(place, kind="stable") for key, place in order.items()}
    options = "".join(f'<option value="{key}">{name}</option>' for key, name in _ORDERS.items())
    more = (
        f" The {len(names) - 1} labels with most mistakes of {len(labels):,}; the last row and "
        "column are all others together."
        if left
        else ""
    )
    return (
        f'<h2>Confusion matrix</h2><p class="note">A row is the label that {side} images have, a '
        "column the best label that they are given, whatever its confidence; cells count images, "
        "an empty one none. The shade is the share of the row: blue on the diagonal is right, red "
        f"beside it wrong.{more}</p>"
        '<form id="confusion" class="controls" hidden><label>Order by '
        f'<select id="order">{options}</select></label></form>'
        f"{scrolling('confusion matrix', _table(counts, names, ranks))}"
    )


def _shown(confusion: Counts, labels: tuple[str, ...]) -> tuple[Counts, list[str], bool]:
    """Return the matrix and its names; of many labels those with most mistakes, and the others."""
    if len(labels) <= _MOST:
        return confusion, list(labels), False
    wrong = confusion.sum(axis=0) + confusion.sum(axis=1) - 2 * np.diag(confusion)
    kept = np.sort(np.argsort(-wrong, kind="stable")[:_MOST])
    group = np.full(len(labels), _MOST)
    group[kept] = np.arange(_MOST)
    counts = np.zeros((_MOST + 1, _MOST + 1), np.int64)
    np.add.at(counts, (group[:, None], group[None]), confusion)
    return counts, [*(labels[j] for j in kept), _OTHERS], True


def _share(counts: Counts) -> NDArray[np.float64]:
    """Return the recall of each row, NaN of one without an image."""
    images = counts.sum(axis=1)
    share: NDArray[np.float64] = np.divide(
        np.diag(counts), images, out=np.full(len(counts), np.nan), where=images > 0
    )
    return share


def _table(counts: Counts, names: list[str], ranks: dict[str, Counts]) -> str:
    images, recall = counts.sum(axis=1), _share(counts)
    precision = _share(counts.T)
    heads = "".join(
        f'<th scope="col"{_ranked(ranks, j)}><span>{escape(name)}</span></th>'
        for j, name in enumerate(names)
    )
    rows = "".join(
        f'<tr{_ranked(ranks, i)}><th scope="row">{escape(name)}</th>'
        f"{''.join(_cell(counts, names, i, j) for j in range(len(names)))}"
        f'<td class="sum">{images[i]:,}</td><td class="sum">{number(float(recall[i]), ".2f")}</td>'
        "</tr>"
        for i, name in enumerate(names)
    )
    given = "".join(f'<td class="sum">{count:,}</td>' for count in counts.sum(axis=0).tolist())
    right = "".join(f'<td class="sum">{number(value, ".2f")}</td>' for value in precision.tolist())
    sizes = ((_FEW, "matrix few"), (_SOME, "matrix"))
    kind = next((kind for most, kind in sizes if len(names) <= most), "matrix many")
    return (
        f'<table class="{kind}"><thead><tr><th scope="col">true ↓, given →</th>{heads}'
        '<th scope="col"><span>images</span></th><th scope="col"><span>recall</span></th></tr>'
        f'</thead><tbody id="confusions">{rows}</tbody><tfoot><tr><th scope="row">given</th>'
        f'{given}<td></td><td></td></tr><tr><th scope="row">precision</th>{right}<td></td><td></td>'
        "</tr></tfoot></table>"
    )


def _cell(counts: Counts, names: list[str], i: int, j: int) -> str:
    count, images = int(counts[i, j]), int(counts[i].sum())
    kind = "right" if i == j else "wrong"
    if not count:
        return "<td></td>" if i != j else '<td class="right">0</td>'
    share = count / images
    told = f"{names[i]}, given {names[j]}: {count:,} of {images:,} ({share:.0%})"
    return f'<td class="{kind}" style="--share:{share:.2f}" title="{escape(told)}">{count:,}</td>'


def _ranked(ranks: dict[str, Counts], j: int) -> str:
    return "".join(f' data-{key}="{int(rank[j])}"' for key, rank in ranks.items())
