"""report.html: one page, no request to anywhere, that a person can judge a model by."""

from html import escape
from pathlib import Path

import numpy as np
from msgspec.structs import asdict

from tagline.formats.packed import PackedDataset, pictures_said
from tagline.formats.trials import Trials
from tagline.scores.ranking import rank
from trainer.card import limits, some
from trainer.charts import bar, bars, curve
from trainer.data import RecordSet
from trainer.examples import choose_examples, figures
from trainer.judge import Evaluation
from trainer.trials import trials_section

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_CURVES = 6
_COUNTS = ("rows", "accepted", "rejected", "train", "validation", "test")


def report_page(
    evaluation: Evaluation,
    records: RecordSet,
    dataset: PackedDataset,
    trials: Trials | None = None,
) -> str:
    """Return the whole page as HTML; every name that comes from outside is escaped.

    `trials` are those of the search that the challenger was the best of.
    """
    run = escape(evaluation.challenger.candidate.run)
    examples = choose_examples(evaluation)
    body = "".join(
        (
            _first_screen(evaluation, run),
            _first_of_all(evaluation, dataset),
            _labels(evaluation),
            _curves(evaluation),
            "<h2>Tagged best</h2>",
            _legend(),
            figures(evaluation, records, examples.right),
            "<h2>Tagged worst</h2>",
            _legend(),
            figures(evaluation, records, examples.wrong),
            "<h2>Before relying on this</h2><ul>",
            *(f"<li>{escape(text)}</li>" for text in limits(evaluation, dataset)),
            "</ul>",
            trials_section(trials),
            _details(evaluation, dataset),
        )
    )
    style = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Evaluation of {run}</title><style>{style}</style></head>"
        f"<body>{body}</body></html>\n"
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
        f"ranks every image with a label before every one without. {_same(evaluation)}</p>"
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


def _labels(evaluation: Evaluation) -> str:
    found, comparison = evaluation.challenger.quality, evaluation.comparison
    images = len(evaluation.truth)
    order = np.argsort(np.where(np.isnan(found.ap), -1, found.ap), kind="stable")[::-1]
    rows = []
    for j in order:
        ap, support = float(found.ap[j]), int(found.support[j])
        cells = [f"<td>{escape(evaluation.labels[j])}</td>", f"<td>{support:,}</td>"]
        if np.isnan(ap):
            cells.append('<td class="wide"></td><td>–</td>')  # noqa: RUF001 - a dash
        else:
            cells.append(f'<td class="wide">{bar(ap, support / images)}</td><td>{ap:.3f}</td>')
        if comparison:
            gap = comparison.challenger.ap[j] - comparison.champion.ap[j]
            cells.append(_against(float(gap)))
        f1 = float(evaluation.f1.labels[j])
        cells.append(f"<td>{'–' if np.isnan(f1) else f'{f1:.3f}'}</td>")  # noqa: RUF001
        cells.append(f"<td>{evaluation.thresholds.values[j]:.3f}</td>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    beside = "<th>vs champion</th>" if comparison else ""
    return (
        '<h2>Labels</h2><p class="note">Sorted by average precision (AP). The tick marks the '
        "label's frequency, which guessing reaches. F1 is at the threshold in the last column, "
        "from which the API gives the tag, on images that it was not chosen on."
        f"{_apart(evaluation)}</p>"
        '<div class="panel scroll"><table><thead><tr><th>label</th><th>positives</th><th></th>'
        f"<th>AP</th>{beside}<th>F1</th><th>threshold</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
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


def _against(gap: float) -> str:
    if np.isnan(gap):
        return "<td>–</td>"  # noqa: RUF001 - a dash
    kind = "up" if gap > 0 else "down" if gap < 0 else ""
    return f'<td class="{kind}">{gap:+.3f}</td>'


def _curves(evaluation: Evaluation) -> str:
    """Show the labels spread evenly from the best average precision to the worst."""
    ap = evaluation.challenger.quality.ap
    known = np.flatnonzero(~np.isnan(ap))
    known = known[np.argsort(-ap[known], kind="stable")]
    picks = known[np.unique(np.linspace(0, len(known) - 1, _CURVES).round().astype(int))]
    parts = []
    for j in picks:
        ranking = rank(evaluation.challenger.scores[:, j], evaluation.truth[:, j])
        parts.append(
            f"<figure><figcaption>{escape(evaluation.labels[j])} <small>AP {ap[j]:.3f}</small>"
            f"</figcaption>{curve(ranking, float(evaluation.thresholds.values[j]))}</figure>"
        )
    return (
        '<h2>Precision against recall</h2><p class="note">Labels from the best to the worst; the '
        "circle is where the threshold stands.</p>"
        f'<div class="panel curves">{"".join(parts)}</div>'
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
        f"<tr><td>{escape(str(name))}</td><td>{escape(str(value))}</td></tr>"
        for name, value in facts.items()
        if value not in {None, ""}
    )
    return f'<h2>How it was made</h2><div class="panel"><table class="details">{rows}</table></div>'
