"""The reject option in the report: what may be had for how many unsure images."""

import numpy as np

from tagline.scores.reject import NEVER, choose, given
from trainer.evaluation import Evaluation
from trainer.report.words import number, scrolling, table

_ASKED = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99)


def reject_section(evaluation: Evaluation) -> str:
    """Return the section; nothing where images have any number of labels."""
    single = evaluation.single
    if single is None:
        return ""
    scores, truth = evaluation.challenger.scores, evaluation.truth
    validation = evaluation.validation
    chooses = (scores, truth) if validation is None else (validation.scores, validation.truth)
    rows = []
    for asked in sorted({*_ASKED, single.asked}):
        threshold = choose(*chooses, asked)
        found = given(scores, truth, np.full(scores.shape[1], threshold))
        mark = " (set)" if asked == single.asked else ""
        rows.append(
            (
                f"{asked:.0%}{mark}",
                "none" if threshold == NEVER else f"{threshold:.3f}",
                f"{found.answered:.1%}",
                number(found.accuracy, ".1%"),
            )
        )
    heads = ("asked to be right", "confidence from", "given a label", "of these right")
    told = single.given
    chosen = (
        "the validation images" if validation else "these images, of which each was left out once"
    )
    by_hand = (
        " Labels whose threshold was set by hand go by that in the sentence, not in the table."
        if evaluation.thresholds.chosen is not None
        and not np.isnan(evaluation.thresholds.chosen).all()
        else ""
    )
    return (
        '<h2>Unsure</h2><p class="note">A label is given from a confidence on, the score of the '
        f"best label; below it an image is unsure. It was chosen on {chosen}: the lowest from "
        f"which {single.asked:.0%} of the given labels are right there "
        f"(<code>reject_option.accuracy</code>). Of the {evaluation.side} images "
        f"{told.answered:.1%} are given a label, {number(told.accuracy, '.1%')} of these the right "
        f"one.{by_hand} What other settings would do:"
        f"</p>{scrolling('what the reject option does', table(heads, rows))}"
    )
