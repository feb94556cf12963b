"""Sections on what the scores mean, which tags stand for others, and which labels are doubted."""

from collections.abc import Sequence
from html import escape

import numpy as np

from tagline.formats.rows import Side, Verdict
from tagline.formats.suspects import Suspect
from tagline.scores.calibration import BINS
from tagline.scores.confusion import confusions
from tagline.scores.platt import FEWEST
from trainer.card import some
from trainer.evaluation import Evaluation
from trainer.report.charts import diagram
from trainer.report.words import MINUS, number, path_of, scrolling, table

_PAIRS, _SUSPECTS = 20, 20


def calibration(evaluation: Evaluation) -> str:
    """Return how far scores are probabilities, and how far they were before calibration."""
    return (
        '<h2>Calibration</h2><p class="note">How often a tag is right that scores so much: on the '
        "diagonal a score is a probability; below it the model is surer than it should be. "
        "Expected calibration error (ECE) is the mean gap between the two. "
        f"{_calibrated(evaluation)}</p>{_reliability(evaluation, 'as served')}"
    ) + (_reliability(evaluation, "uncalibrated") if evaluation.sureness_before else "")


def _calibrated(evaluation: Evaluation) -> str:
    """Say what was done to the scores."""
    description = evaluation.challenger.candidate.description
    if evaluation.single:
        return _scaled(evaluation, description.temperature)
    asked = (description.hyperparameters or {}).get("calibration", "none") != "none"
    if description.calibration is None:
        if asked:
            return "SIGTERM left no time to calibrate the scores: they are as they were learned."
        return "Thresholds are chosen on scores as they are, so tags need no calibration."
    left = [label for label in description.labels if label not in description.calibration]
    told = (
        f"The scores of {len(description.calibration):,} labels are calibrated by Platt's method "
        "on validation images, in the model itself; thresholds are of calibrated scores, and the "
        "order of images is what it was."
    )
    if evaluation.side is Side.VALIDATION:
        told += " There are no test images, so these are the same images: the error is optimistic."
    if left:
        told += (
            f" Left as they are: {escape(some(left))}, with fewer than {FEWEST} validation images "
            "that carry or lack the label, or no higher scores where it is."
        )
    return told


def _scaled(evaluation: Evaluation, temperature: float | None) -> str:
    """Say what was done to the scores of single labels."""
    told = "These are scores of the best label, the confidences. "
    if temperature is None:
        return f"{told}Nothing was done to them: they are as they were learned."
    told += (
        f"In the model itself their logits are divided by a temperature of {temperature:.3f}, "
        "which the validation images had it; the order of labels is what it was."
    )
    if evaluation.side is Side.VALIDATION:
        told += " There are no test images, so these are the same images: the error is optimistic."
    return told


def _reliability(evaluation: Evaluation, which: str) -> str:
    """Return the reliability of all labels' scores together, and its numbers.

    Where images have a single label it is that of their best one's.
    """
    before = which == "uncalibrated"
    together = evaluation.sureness_before if before else evaluation.sureness
    each = evaluation.uncalibrated if before else evaluation.reliability
    if together is None:
        return ""
    told = f"ECE of all pairs of image and label {together.error:.3f}"
    if evaluation.single:
        told = f"ECE of the best label {together.error:.3f}"
    elif each is not None:
        told += f", mean of the labels' {np.nanmean(each.error):.3f}"
    rows = [
        (
            f"{i / BINS:.1f} to {(i + 1) / BINS:.1f}",
            f"{together.images[i]:,}",
            number(float(together.mean_score[i])),
            number(float(together.frequency[i])),
        )
        for i in range(BINS)
    ]
    counted = "images" if evaluation.single else "pairs"
    heads = ("score", counted, "mean score", "share that is true")
    numbers = f"scores {which} and how often they are true"
    return (
        f'<p class="note">Scores {which}: {told}.</p>'
        f'<div class="panel beside"><div class="plot">{diagram(together)}</div>'
        f"{scrolling(numbers, table(heads, rows), panel=False)}</div>"
    )


def confused(evaluation: Evaluation) -> str:
    """Return which wrong tag is given where which right one is missing."""
    found = confusions(evaluation.tagged, evaluation.truth, _PAIRS)
    rows = [
        (
            escape(evaluation.labels[found.missing[k]]),
            escape(evaluation.labels[found.wrong[k]]),
            f"{found.images[k]:,}",
            f"{found.images[k] / found.missed[k]:.0%} of {found.missed[k]:,}",
            f"{found.expected[k]:.1f}",
        )
        for k in range(len(found.images))
    ]
    heads = ("missing", "given instead", "images", "of those that lack it", "by chance")
    shown = (
        scrolling("labels taken for each other", table(heads, rows, "words"))
        if rows
        else '<p class="note">None that is more frequent than chance.</p>'
    )
    return (
        '<h2>Taken for each other</h2><p class="note">Images that lack a tag and have a wrong one '
        "in its place, where that is more frequent than chance.</p>"
        f"{shown}"
    )


def doubted(found: Sequence[Suspect], evaluation: Evaluation) -> str:
    """Return the most doubtful rows."""
    sides = "test and validation" if evaluation.validation else evaluation.side
    rows = [
        (
            f"{row.line}",
            f"{row.id}",
            path_of(Verdict(line=row.line, id=row.id, path=row.path, verdict="accepted")),
            row.split,
            " ".join(
                f'<span class="tag {"missed" if doubt.given else "wrong"}">'
                f"{MINUS if doubt.given else '+'} {escape(doubt.label)} "
                f"<small>{doubt.score:.3f}</small></span>"
                for doubt in row.labels
            ),
        )
        for row in found[:_SUSPECTS]
    ]
    heads = ("line", "id", "path", "side", "labels that seem missing (+) or too many (−)")  # noqa: RUF001
    shown = scrolling("rows whose labels are doubted", table(heads, rows, "words")) if rows else ""
    more = f" The first {_SUSPECTS} of them:" if len(found) > _SUSPECTS else ""
    return (
        f'<h2>Labels to look at again</h2><p class="note">{len(found):,} rows of the {sides} '
        "images have labels that the model doubts, as surely as it usually knows them: the list "
        "is wrong there, or the model. <code>suspects.jsonl</code> beside this report has them "
        f"all.{more}</p>{shown}"
    )
