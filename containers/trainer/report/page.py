"""report.html: one page, no request to anywhere, that a person can judge a model by."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np
from msgspec.structs import asdict
from numpy.typing import NDArray

from tagline.formats.merged import Merged
from tagline.formats.packed import PackedDataset, pictures_said
from tagline.formats.report import BEFORE_IT_SERVED
from tagline.formats.rows import Verdict
from tagline.formats.suspects import Suspect
from tagline.formats.trials import Trials
from trainer.card import limits, some
from trainer.data import RecordSet
from trainer.evaluation import Evaluation
from trainer.report.charts import bars, plots
from trainer.report.corrections import corrections_section
from trainer.report.errors import calibration, confused, doubted
from trainer.report.examples import choose_examples, figures
from trainer.report.labels import controls, curves, label_table, standing, together
from trainer.report.trials import trials_section

_COUNTS = ("rows", "accepted", "rejected", "train", "validation", "test")


def report_page(
    evaluation: Evaluation,
    records: RecordSet,
    dataset: PackedDataset,
    rows: Mapping[int, Verdict],
    suspects: Sequence[Suspect],
    *,
    trials: Trials | None = None,
    merged: Merged | None = None,
) -> str:
    """Return the whole page as HTML; every name that comes from outside is escaped.

    `rows` are the list's, by the ids of the records; `suspects` those whose labels are doubted;
    `trials` are those of the search that the challenger was the best of, `merged` what corrections
    changed in the list.
    """
    run = escape(evaluation.challenger.candidate.run)
    found = evaluation.reliability
    examples = choose_examples(evaluation)
    body = "".join(
        (
            _first_screen(evaluation, run),
            _first_of_all(evaluation, dataset),
            corrections_section(merged, evaluation),
            plots(),
            _labels(evaluation, found.error, rows),
            BEFORE_IT_SERVED,
            "<h2>Tagged best</h2>",
            _legend(),
            figures(evaluation, records, examples.right),
            "<h2>Tagged worst</h2>",
            _legend(),
            figures(evaluation, records, examples.wrong),
            confused(evaluation),
            doubted(suspects, evaluation),
            calibration(evaluation),
            "<h2>Before relying on this</h2><ul>",
            *(f"<li>{escape(text)}</li>" for text in limits(evaluation, dataset)),
            "</ul>",
            trials_section(trials),
            _details(evaluation, dataset),
        )
    )
    style, script = _beside("report.css"), _beside("report.js")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Evaluation of {run}</title><style>{style}</style></head>"
        f"<body><main>{body}</main><script>{script}</script></body></html>\n"
    )


def _beside(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _policy(script: str) -> str:
    """Return what the page may do: nothing is asked for, and no other script runs."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'"
    )


def _first_screen(evaluation: Evaluation, run: str) -> str:
    found = evaluation.challenger.quality
    rows = [("this model", found.mean_ap, "this")]
    comparison = evaluation.comparison
    if evaluation.champion and comparison:
        name = escape(evaluation.champion.candidate.run)
        rows.append((f"champion {name}", comparison.champion.mean_ap, "other"))
    rows.append(("label frequencies alone", found.baseline_map, "other"))
    judged = int((found.support > 0).sum())
    facts = {
        f"{evaluation.side} images": f"{len(evaluation.truth):,}",
        "labels judged": f"{judged} of {len(evaluation.labels)}",
        "micro AP": f"{found.micro_ap:.3f}",
        "mean F1": f"{evaluation.f1.macro:.3f}",
        "micro F1": f"{evaluation.f1.micro:.3f}",
        "evaluated": escape(evaluation.created.replace("T", " ").replace("+00:00", " UTC")),
    }
    cells = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts.items())
    return (
        f'<h1>Evaluation of {run}</h1><p class="verdict">{_sentence(evaluation)}</p>'
        f'<div class="panel">{bars(rows)}<dl class="facts">{cells}</dl></div>'
        '<p class="note" style="margin-top:10px">Mean average precision (mAP) over labels: 1 '
        f"ranks every image with a label before every one without. {_same(evaluation)}"
        f"{_resized(evaluation)}</p>"
    )


def _first_of_all(evaluation: Evaluation, dataset: PackedDataset) -> str:
    """Say what pictures tell no more, and what could not be started from, where all see it."""
    start = evaluation.challenger.candidate.description.start
    sentences = pictures_said(dataset)
    if start and start.instead:
        sentences = [*sentences, f"Training started from {start.said}"]
    said = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f'<ul class="note">{said}</ul>' if said else ""


def _sentence(evaluation: Evaluation) -> str:
    found = evaluation.challenger.quality
    times = found.mean_ap / found.baseline_map
    text = f"mAP {found.mean_ap:.3f}: {times:.1f} times what label frequencies alone would reach"
    if not evaluation.champion:
        return f"{text}. There is no champion yet."
    comparison = evaluation.comparison
    if comparison is None:
        return escape(f"{text}. Not compared with the champion: {evaluation.not_compared}.")
    gap = comparison.challenger.mean_ap - comparison.champion.mean_ap
    if gap == 0:
        return f"{text}, and exactly as much as the champion."
    text += f", and {abs(gap):.3f} {'above' if gap > 0 else 'below'} the champion"
    gain = comparison.gain
    if gain is None:
        return f"{text}."
    return (
        f"{text}; better with a probability of {gain.probability:.1%} "
        f"({gain.level:.0%} interval {gain.low:+.3f} to {gain.high:+.3f})."
    )


def _same(evaluation: Evaluation) -> str:
    """Say which images the numbers are about."""
    comparison = evaluation.comparison
    if comparison is None or comparison.images == len(evaluation.truth):
        return f"All on the same {evaluation.side} images."
    left_out = len(evaluation.truth) - comparison.images
    return (
        f"The champion's is of {comparison.images:,} {evaluation.side} images, where this model "
        f"has {comparison.challenger.mean_ap:.3f}: {left_out:,} are left out, since the champion "
        "was trained on them."
    )


def _resized(evaluation: Evaluation) -> str:
    """Say where the champion was shown images of another size than it learned from."""
    champion = evaluation.champion
    if not (champion and evaluation.comparison):
        return ""
    trained, judged = champion.candidate.side, evaluation.side_length
    if trained == judged:
        return ""
    return (
        f" The champion was judged on images of {judged} px; it was trained on {trained} px, so "
        "its number here differs from that of its own run."
    )


def _labels(
    evaluation: Evaluation, errors: NDArray[np.float64], rows: Mapping[int, Verdict]
) -> str:
    comparison = evaluation.comparison
    beside = f'<p class="note">{standing(comparison)}</p>' if comparison else ""
    return (
        '<h2>Labels</h2><p class="note">Sorted by average precision (AP). The tick marks the '
        "label's frequency, which guessing reaches. F1 is at the threshold, from which the API "
        "gives the tag, on images that it was not chosen on; ECE is explained under Calibration."
        f"{_apart(evaluation)}</p>{beside}{controls(evaluation)}"
        f"{label_table(evaluation, errors)}"
        '<h2>Precision against recall</h2><p class="note">All pairs of image and label in one '
        "ranking, then each label from the best to the worst. The circle is where the threshold "
        "stands. Mistakes are named by their row: "
        '<span class="wrong">+ given, not true</span>, '
        '<span class="missed">− true, not given</span>, with the score.</p>'  # noqa: RUF001
        f"{together(evaluation)}{curves(evaluation, rows)}"
    )


def _apart(evaluation: Evaluation) -> str:
    """Say how a label that is ranked well can have no F1, where there is one."""
    if not evaluation.ranked_alone:
        return ""
    return (
        f" {escape(some(evaluation.ranked_alone))}: ranked well, and yet F1 is 0. AP is about the "
        "order of images alone; of those with the label none reaches the threshold, which other "
        "images decided and, for a rare label, the other labels. More images with it settle that."
    )


def _legend() -> str:
    return (
        '<p class="note legend"><span class="tag hit">✓ right</span> '
        '<span class="tag wrong">+ given, not true</span> '
        '<span class="tag missed">− true, not given</span></p>'  # noqa: RUF001 - a minus sign
    )


def _details(evaluation: Evaluation, dataset: PackedDataset) -> str:
    description = evaluation.challenger.candidate.description
    facts: dict[str, object] = {
        **{key: getattr(dataset, key) for key in _COUNTS},
        **{f"image {key}": value for key, value in asdict(dataset.image).items()},
        "background chosen by": "auto" if dataset.background else None,
        "one colour all over": dataset.lost.one_colour,
        "transparent all over": dataset.lost.transparent,
        "near-copies": f"{dataset.near_copies.images} in {dataset.near_copies.groups} groups",
        **(description.hyperparameters or {}),
        "network": description.network,  # what `auto` stood for, as of the next
        "start_from": description.start.said if description.start else None,
        "best epoch": description.best_epoch,
        "ended early": description.ended_early,
        **(description.versions or {}),
    }
    rows = "".join(
        f'<tr><th scope="row">{escape(str(name))}</th><td>{escape(str(value))}</td></tr>'
        for name, value in facts.items()
        if value not in {None, ""}
    )
    return f'<h2>How it was made</h2><div class="panel"><table class="details">{rows}</table></div>'
