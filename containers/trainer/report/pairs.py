"""Labels that are taken for each other where each image has one, with the images."""

import base64
from collections.abc import Mapping
from html import escape

import numpy as np

from tagline.formats.rows import Verdict
from tagline.scores.single import best
from trainer.data import RecordSet
from trainer.evaluation import Evaluation
from trainer.report.words import scrolling, table, where

_PAIRS, _WITH_IMAGES, _IMAGES = 20, 6, 3
_LARGEST_IMAGE, _LARGEST = 150_000, 600_000  # bytes of JPEG: of one, of the section


def pairs_section(evaluation: Evaluation, records: RecordSet, rows: Mapping[int, Verdict]) -> str:
    """Return which labels are given for which, the most frequent first, and such images."""
    truth, answers = evaluation.truth.argmax(axis=1), best(evaluation.challenger.scores)
    labels = evaluation.labels
    counts = np.zeros((len(labels), len(labels)), np.int64)
    wrong = truth != answers
    np.add.at(counts, (truth[wrong], answers[wrong]), 1)
    order = np.argsort(-counts, axis=None, kind="stable")[:_PAIRS]
    pairs = [
        (int(pair // len(labels)), int(pair % len(labels)))
        for pair in order
        if counts.ravel()[pair]
    ]
    if not pairs:
        return '<h2>Taken for each other</h2><p class="note">No image is.</p>'
    images = np.bincount(truth, minlength=len(labels))
    lines = [
        (
            escape(labels[has]),
            escape(labels[told]),
            f"{counts[has, told]:,}",
            f"{counts[has, told] / images[has]:.0%} of {images[has]:,}",
            f"{counts[told, has]:,}",
        )
        for has, told in pairs
    ]
    heads = ("has", "is given", "images", "of those that have it", "the other way round")
    return (
        '<h2>Taken for each other</h2><p class="note">Images whose best label is another than '
        "theirs, the most frequent pairs first, and of those the images where the model is "
        f"surest.</p>{scrolling('labels taken for each other', table(heads, lines, 'words'))}"
        f"{_figures(evaluation, records, rows, pairs)}"
    )


def _figures(
    evaluation: Evaluation,
    records: RecordSet,
    rows: Mapping[int, Verdict],
    pairs: list[tuple[int, int]],
) -> str:
    scores, labels = evaluation.challenger.scores, evaluation.labels
    truth, answers = evaluation.truth.argmax(axis=1), best(scores)
    parts, used = [], 0
    for has, told in pairs[:_WITH_IMAGES]:
        those = np.flatnonzero((truth == has) & (answers == told))
        for index in those[np.argsort(-scores[those, told], kind="stable")][:_IMAGES].tolist():
            jpeg = records.jpeg(index)
            if len(jpeg) > _LARGEST_IMAGE or used + len(jpeg) > _LARGEST:
                continue
            used += len(jpeg)
            source = base64.b64encode(jpeg).decode()
            parts.append(
                f'<figure><img alt="{escape(labels[has])} given {escape(labels[told])}" '
                f'src="data:image/jpeg;base64,{source}"><figcaption>'
                f'<span class="tag missed">{escape(labels[has])}</span> '
                f'<span class="tag wrong">→ {escape(labels[told])} {scores[index, told]:.2f}'
                f"</span><br>{where(rows[int(evaluation.ids[index])])}</figcaption></figure>"
            )
    return f'<div class="examples pairs">{"".join(parts)}</div>' if parts else ""
