"""What corrections changed: labels before and after, beside the champion; and the rows."""

from collections.abc import Iterator, Mapping
from html import escape

import numpy as np

from tagline.formats.merged import Merged, MergedRow
from trainer.evaluation import Evaluation
from trainer.report.words import DASH, MINUS, number, scrolling, table

_ROWS = 100  # of the table
_LONGEST_PATH = 80


def corrections_section(merged: Merged | None, evaluation: Evaluation) -> str:
    """Return the section as HTML; nothing for a list that no corrections were merged into."""
    if merged is None:
        return ""
    by = f"{merged.new:,} new ones started this run" if merged.new else "by a person"
    changed, added = merged.rows_changed, merged.rows_added
    return (
        f'<h2>What corrections changed</h2><p class="note">{merged.corrections:,} '
        f"corrections were merged into the list, {by}: {changed:,} "
        f"{'row has' if changed == 1 else 'rows have'} other labels, {added:,} "
        f"{'is' if added == 1 else 'are'} new. {_beside(evaluation)}</p>"
        f"{_labels(merged, evaluation)}{_rows(merged, evaluation)}"
    )


def _beside(evaluation: Evaluation) -> str:
    if evaluation.comparison is None:
        return "There is no champion to compare with."
    return (
        f"Both models' average precision is of the same {evaluation.comparison.images:,} "
        f"{evaluation.side} images, by their labels as they are now."
    )


def _labels(merged: Merged, evaluation: Evaluation) -> str:
    if not merged.labels:
        return ""
    columns = {label: at for at, label in enumerate(evaluation.labels)}
    found = evaluation.comparison
    rows = []
    for row in sorted(merged.labels, key=lambda row: -(row.added + row.removed)):
        if (at := columns.get(row.label)) is None:
            continue
        after = float((found.challenger if found else evaluation.challenger.quality).ap[at])
        before = float(found.champion.ap[at]) if found else np.nan
        cells = (number(before), number(after), number(after - before, "+.3f"))
        given = (f"+{row.added:,}", f"{MINUS}{row.removed:,}", f"{row.added + row.removed:,}")
        rows.append((escape(row.label), *given, *cells))
    heads = ("label", "given", "taken", "corrected rows", "AP of the champion", "AP now", "change")
    return scrolling("labels that corrections changed", table(heads, rows, "labels"))


def _rows(merged: Merged, evaluation: Evaluation) -> str:
    if not merged.rows:
        return ""
    judged = {int(number): at for at, number in enumerate(evaluation.ids)}
    shown = merged.rows[:_ROWS]
    of = merged.rows_changed + merged.rows_added
    rows = [(f"{row.id}", _path(row), _tags(row), _given(row, judged, evaluation)) for row in shown]
    heads = ("id", "path", "labels before and after", f"tags now ({evaluation.side} images)")
    return (
        f"<details><summary>The corrected rows ({len(shown):,} of {of:,})</summary>"
        f"{scrolling('corrected rows', table(heads, rows, 'details'))}</details>"
    )


def _path(row: MergedRow) -> str:
    path = row.path
    return escape(path if len(path) <= _LONGEST_PATH else f"…{path[-_LONGEST_PATH:]}")


def _tags(row: MergedRow) -> str:
    """Return a row's labels: those that it keeps, was given, and lost."""
    before = row.before if row.before is not None else ()
    kinds = {
        "hit": ("", [label for label in row.after if label in before]),
        "wrong": ("+ ", [label for label in row.after if label not in before]),
        "missed": (f"{MINUS} ", [label for label in before if label not in row.after]),
    }
    new = "<small>new</small> " if row.before is None else ""
    return new + "".join(_spans(kinds))


def _spans(kinds: Mapping[str, tuple[str, list[str]]]) -> Iterator[str]:
    for kind, (sign, labels) in kinds.items():
        for label in labels:
            yield f'<span class="tag {kind}">{sign}{escape(label)}</span> '


def _given(row: MergedRow, judged: Mapping[int, int], evaluation: Evaluation) -> str:
    """Return the tags that this model gives an image which it was not trained on."""
    at = judged.get(row.id)
    if at is None:
        return DASH
    given = np.flatnonzero(evaluation.tagged[at])
    return ", ".join(escape(evaluation.labels[j]) for j in given) or "none"
