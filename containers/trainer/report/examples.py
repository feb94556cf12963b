"""Which of the judging images the report shows, and their tags, true and predicted."""

import base64
from dataclasses import dataclass
from html import escape

import numpy as np

from trainer.data import RecordSet
from trainer.evaluation import Evaluation

_LARGEST_IMAGE, _LARGEST_PAGE = 150_000, 1_200_000  # bytes of JPEG


@dataclass(frozen=True)
class Choice:
    """Images by index: those tagged best, and those tagged worst."""

    right: list[int]
    wrong: list[int]


def choose_examples(evaluation: Evaluation, each: int = 6) -> Choice:
    """Return up to `each` images that show the model's strength, and its weakness.

    An image's agreement is the F1 of its tags. Of the best, those with most tags; images without
    any tag, true or given, show nothing and are left out.
    """
    given, true = evaluation.tagged, evaluation.truth.astype(bool)
    hits = (given & true).sum(axis=1)
    both = given.sum(axis=1) + true.sum(axis=1)
    agreement = np.where(both > 0, 2 * hits / np.maximum(both, 1), 1.0)
    shown = np.flatnonzero(both > 0)
    best = shown[np.lexsort((-hits[shown], -agreement[shown]))][:each]
    worst = shown[np.lexsort((-both[shown], agreement[shown]))][:each]
    taken = set(best.tolist())
    return Choice(
        best.tolist(), [int(i) for i in worst if int(i) not in taken and agreement[i] < 1]
    )


def figures(evaluation: Evaluation, records: RecordSet, indexes: list[int]) -> str:
    """Return the images with their tags as HTML; the page's size stays bounded."""
    given, true = evaluation.tagged, evaluation.truth.astype(bool)
    parts: list[str] = []
    used = 0
    for index in indexes:
        image = records.jpeg(index)
        if len(image) > _LARGEST_IMAGE or used + len(image) > _LARGEST_PAGE // 2:
            continue
        used += len(image)
        source = base64.b64encode(image).decode()
        tags = "".join(
            f'<span class="tag {kind}">{sign} {escape(label)}</span> '
            for kind, sign, which in (
                ("hit", "✓", given[index] & true[index]),
                ("wrong", "+", given[index] & ~true[index]),
                ("missed", "−", ~given[index] & true[index]),  # noqa: RUF001 - a minus sign
            )
            for label, yes in zip(evaluation.labels, which, strict=True)
            if yes
        )
        parts.append(
            f'<figure><img alt="{evaluation.side} image {index + 1}" '
            f'src="data:image/jpeg;base64,{source}"><figcaption>{tags}</figcaption></figure>'
        )
    if not parts:
        return '<p class="note">None to show.</p>'
    return f'<div class="examples">{"".join(parts)}</div>'
