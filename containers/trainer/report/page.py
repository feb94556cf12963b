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
from tagline.formats.packed import PackedDataset
from tagline.formats.report import BEFORE_IT_SERVED
from tagline.formats.rows import Verdict
from tagline.formats.suspects import Suspect
from tagline.formats.trials import Trials
from trainer.card import limits, some
from trainer.data import RecordSet
from trainer.evaluation import Evaluation
from trainer.report.charts import plots
from trainer.report.corrections import corrections_section
from trainer.report.errors import calibration, confused, doubted
from trainer.report.examples import choose_examples, figures
from trainer.report.headline import first_of_all, first_screen
from trainer.report.labels import controls, curves, label_table, standing, together
from trainer.report.matrix import matrix_section
from trainer.report.pairs import pairs_section
from trainer.report.reject import reject_section
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
            first_screen(evaluation, run),
            first_of_all(evaluation, dataset),
            corrections_section(merged, evaluation),
            plots(),
            _matrix(evaluation),
            reject_section(evaluation),
            _labels(evaluation, found.error, rows),
            BEFORE_IT_SERVED,
            "<h2>Tagged best</h2>",
            _legend(),
            figures(evaluation, records, examples.right),
            "<h2>Tagged worst</h2>",
            _legend(),
            figures(evaluation, records, examples.wrong),
            pairs_section(evaluation, records, rows) if evaluation.single else confused(evaluation),
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


def _matrix(evaluation: Evaluation) -> str:
    single = evaluation.single
    if single is None:
        return ""
    return matrix_section(evaluation.labels, single.answers, evaluation.side)


def _beside(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _policy(script: str) -> str:
    """Return what the page may do: nothing is asked for, and no other script runs."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'"
    )


def _labels(
    evaluation: Evaluation, errors: NDArray[np.float64], rows: Mapping[int, Verdict]
) -> str:
    comparison = evaluation.comparison
    beside = f'<p class="note">{standing(comparison)}</p>' if comparison else ""
    return (
        '<h2>Labels</h2><p class="note">Sorted by average precision (AP). The tick marks the '
        f"label's frequency, which guessing reaches. {_columns(evaluation)}"
        f"{_apart(evaluation)}</p>{beside}{controls(evaluation)}"
        f"{label_table(evaluation, errors)}"
        '<h2>Precision against recall</h2><p class="note">All pairs of image and label in one '
        "ranking, then each label from the best to the worst. The circle is where the threshold "
        "stands. Mistakes are named by their row: "
        '<span class="wrong">+ given, not true</span>, '
        '<span class="missed">− true, not given</span>, with the score.</p>'  # noqa: RUF001
        f"{together(evaluation)}{curves(evaluation, rows)}"
    )


def _columns(evaluation: Evaluation) -> str:
    if evaluation.single:
        return (
            "Recall, precision and F1 are of the best label, whatever its confidence; the "
            "threshold is the confidence from which it is given. The champion's beside them is of "
            "recall. ECE is explained under Calibration: here of each label's own scores."
        )
    return (
        "F1 is at the threshold, from which the API gives the tag, on images that it was not "
        "chosen on; ECE is explained under Calibration."
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
