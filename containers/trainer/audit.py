"""The rows whose labels the challenger doubts, of both sides that it was not trained on."""

from collections.abc import Mapping

import numpy as np

from tagline.formats.rows import Verdict
from tagline.formats.suspects import Doubt, Suspect
from tagline.scores.confident import doubts
from tagline.scores.confident_single import doubts_of_single
from trainer.evaluation import Evaluation, KeptBack

_ROWS = 10_000  # of suspects.jsonl; nobody looks at more
_DIGITS = 6


def suspects(evaluation: Evaluation, rows: Mapping[int, Verdict]) -> list[Suspect]:
    """Return the rows with doubted labels, the most doubtful first; `rows` are known by id."""
    judged = KeptBack(
        evaluation.side, evaluation.ids, evaluation.truth, evaluation.challenger.scores
    )
    sides = [judged, *([evaluation.validation] if evaluation.validation else [])]
    ids, truth, scores = (
        np.concatenate([getattr(side, name) for side in sides])
        for name in ("ids", "truth", "scores")
    )
    ap = evaluation.challenger.quality.ap
    if evaluation.single:
        found = doubts_of_single(scores, truth, ap)
    else:
        found = doubts(scores, truth, evaluation.thresholds.values, ap)
    pairs: dict[int, list[int]] = {}  # images in the order of their first doubt
    for image, label in zip(found.images.tolist(), found.labels.tolist(), strict=True):
        pairs.setdefault(image, []).append(label)

    def doubt(image: int, label: int) -> Doubt:
        return Doubt(
            label=evaluation.labels[label],
            given=bool(truth[image, label]),
            score=round(float(scores[image, label]), _DIGITS),
        )

    return [
        _suspect(
            int(ids[image]),
            rows[int(ids[image])],
            sides[int(image >= len(judged.ids))],
            tuple(doubt(image, label) for label in labels),
        )
        for image, labels in list(pairs.items())[:_ROWS]
    ]


def _suspect(record: int, row: Verdict, side: KeptBack, labels: tuple[Doubt, ...]) -> Suspect:
    first = labels[0]
    return Suspect(
        line=row.line,
        id=record,
        path=row.path or "",
        split=side.side,
        doubt=round(1 - first.score if first.given else first.score, _DIGITS),
        labels=labels,
    )
