"""report.html: one page, no request to anywhere, that a person can judge a model by."""

from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from tagline.scores.ranking import rank
from trainer.card import limits
from trainer.charts import bar, comparison, curve
from trainer.data import RecordSet
from trainer.examples import choose_examples, figures
from trainer.judge import Verdict

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_CURVES = 6
_COUNTS = ("rows", "accepted", "rejected", "train", "validation")


def report_page(verdict: Verdict, records: RecordSet, dataset: dict[str, Any]) -> str:
    """Return the whole page as HTML; every name that comes from outside is escaped."""
    run = escape(verdict.challenger.candidate.run)
    examples = choose_examples(verdict)
    body = "".join(
        (
            _first_screen(verdict, run),
            _labels(verdict),
            _curves(verdict),
            "<h2>Tagged best</h2>",
            _legend(),
            figures(verdict, records, examples.right),
            "<h2>Tagged worst</h2>",
            _legend(),
            figures(verdict, records, examples.wrong),
            "<h2>Before relying on this</h2><ul>",
            *(f"<li>{escape(text)}</li>" for text in limits(verdict)),
            "</ul>",
            _details(verdict, dataset),
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


def _first_screen(verdict: Verdict, run: str) -> str:
    found = verdict.challenger.quality
    rows = [("this model", found.mean_ap, "this")]
    if verdict.champion:
        name = escape(verdict.champion.candidate.run)
        rows.append((f"champion {name}", verdict.champion.quality.mean_ap, "other"))
    rows.append(("label frequencies alone", found.baseline_map, "other"))
    judged = int((found.support > 0).sum())
    facts = {
        "images": f"{len(verdict.truth):,}",
        "labels judged": f"{judged} of {len(verdict.labels)}",
        "micro AP": f"{found.micro_ap:.3f}",
        "mean F1": f"{_mean(verdict.thresholds.f1):.3f}",
        "evaluated": escape(verdict.created.replace("T", " ").replace("+00:00", " UTC")),
    }
    cells = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts.items())
    return (
        f'<h1>Evaluation of {run}</h1><p class="verdict">{_sentence(verdict)}</p>'
        f'<div class="panel">{comparison(rows)}<dl class="facts">{cells}</dl></div>'
        '<p class="note" style="margin-top:10px">Mean average precision (mAP) over labels: 1 '
        "ranks every image with a label before every one without. All on the same images.</p>"
    )


def _sentence(verdict: Verdict) -> str:
    found = verdict.challenger.quality
    times = found.mean_ap / found.baseline_map
    text = f"mAP {found.mean_ap:.3f}: {times:.1f} times what label frequencies alone would reach"
    if not verdict.champion:
        return f"{text}. There is no champion yet."
    gap = found.mean_ap - verdict.champion.quality.mean_ap
    if gap == 0:
        return f"{text}, and exactly as much as the champion."
    text += f", and {abs(gap):.3f} {'above' if gap > 0 else 'below'} the champion"
    interval = verdict.difference
    if interval is None:
        return f"{text}."
    sure = interval.low > 0 or interval.high < 0
    return (
        f"{text} ({interval.level:.0%} interval {interval.low:+.3f} to {interval.high:+.3f}"
        f"{'' if sure else ', which includes no difference'})."
    )


def _labels(verdict: Verdict) -> str:
    found, champion = verdict.challenger.quality, verdict.champion
    images = len(verdict.truth)
    order = np.argsort(np.where(np.isnan(found.ap), -1, found.ap), kind="stable")[::-1]
    rows = []
    for j in order:
        ap, support = float(found.ap[j]), int(found.support[j])
        cells = [f"<td>{escape(verdict.labels[j])}</td>", f"<td>{support:,}</td>"]
        if np.isnan(ap):
            cells.append('<td class="wide"></td><td>–</td>')  # noqa: RUF001 - a dash
        else:
            cells.append(f'<td class="wide">{bar(ap, support / images)}</td><td>{ap:.3f}</td>')
        if champion:
            cells.append(_against(ap - float(champion.quality.ap[j])))
        f1 = float(verdict.thresholds.f1[j])
        cells.append(f"<td>{'–' if np.isnan(f1) else f'{f1:.3f}'}</td>")  # noqa: RUF001
        cells.append(f"<td>{verdict.thresholds.values[j]:.3f}</td>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    beside = "<th>vs champion</th>" if champion else ""
    return (
        '<h2>Labels</h2><p class="note">Sorted by average precision (AP). The tick marks the '
        "label's frequency, which guessing reaches. F1 is at the threshold in the last column, "
        "from which the API gives the tag.</p>"
        '<div class="panel scroll"><table><thead><tr><th>label</th><th>positives</th><th></th>'
        f"<th>AP</th>{beside}<th>F1</th><th>threshold</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _against(gap: float) -> str:
    if np.isnan(gap):
        return "<td>–</td>"  # noqa: RUF001 - a dash
    kind = "up" if gap > 0 else "down" if gap < 0 else ""
    return f'<td class="{kind}">{gap:+.3f}</td>'


def _curves(verdict: Verdict) -> str:
    """Show the labels spread evenly from the best average precision to the worst."""
    ap = verdict.challenger.quality.ap
    known = np.flatnonzero(~np.isnan(ap))
    known = known[np.argsort(-ap[known], kind="stable")]
    picks = known[np.unique(np.linspace(0, len(known) - 1, _CURVES).round().astype(int))]
    parts = []
    for j in picks:
        ranking = rank(verdict.challenger.scores[:, j], verdict.truth[:, j])
        parts.append(
            f"<figure><figcaption>{escape(verdict.labels[j])} <small>AP {ap[j]:.3f}</small>"
            f"</figcaption>{curve(ranking, float(verdict.thresholds.values[j]))}</figure>"
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


def _details(verdict: Verdict, dataset: dict[str, Any]) -> str:
    description = verdict.challenger.candidate.description
    facts: dict[str, Any] = {
        **{key: dataset.get(key) for key in _COUNTS},
        **{f"image {key}": value for key, value in dataset.get("image", {}).items()},
        **(description.get("hyperparameters") or {}),
        "network": description.get("network"),  # what `auto` stood for
        "best epoch": description.get("best_epoch"),
        **(description.get("versions") or {}),
    }
    rows = "".join(
        f"<tr><td>{escape(str(name))}</td><td>{escape(str(value))}</td></tr>"
        for name, value in facts.items()
        if value not in {None, ""}
    )
    return f'<h2>How it was made</h2><div class="panel"><table class="details">{rows}</table></div>'


def _mean(values: Any) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
