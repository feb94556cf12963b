"""reference.json: the validation images' scores and files, counted, which drift is held to."""

from collections.abc import Mapping

import numpy as np

from tagline.formats.drift import BINS, EDGES, LabelCounts, Reference, input_counts
from tagline.formats.rows import Verdict
from trainer.evaluation import Evaluation


def reference_document(evaluation: Evaluation, rows: Mapping[int, Verdict]) -> Reference:
    """Return what later answers are compared with; `rows` are the list's, by their records' ids."""
    validation = evaluation.validation
    scores = validation.scores if validation else evaluation.challenger.scores
    ids = validation.ids if validation else evaluation.ids
    thresholds = np.round(evaluation.thresholds.values, 6)
    tags = evaluation.tags(scores, thresholds)

    def bins(column: int) -> list[int]:
        places = np.searchsorted(EDGES, scores[:, column].astype(np.float64), side="right")
        counts: list[int] = np.bincount(places, minlength=BINS).tolist()
        return counts

    labels = tuple(
        LabelCounts(
            label=label,
            bins=tuple(bins(column)),
            tagged=int(tags[:, column].sum()),
        )
        for column, label in enumerate(evaluation.labels)
    )
    return Reference(
        run=evaluation.challenger.candidate.run,
        created=evaluation.created,
        images=len(scores),
        labels=labels,
        inputs=input_counts(rows[number].kind for number in ids.tolist()),
    )
