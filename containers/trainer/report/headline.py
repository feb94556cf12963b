"""The first screen of the report: one figure, beside the champion's and what is had for nothing."""

from html import escape

from tagline.formats.packed import PackedDataset, pictures_said
from tagline.formats.tasks import Task
from trainer.evaluation import Evaluation
from trainer.report.charts import bars
from trainer.report.words import number

_MAP_SAID = (
    "Mean average precision (mAP) over labels: 1 ranks every image with a label before every one "
    "without."
)
_RECALL_SAID = (
    "Macro recall: the mean over labels of the share of their images whose best label it is, so "
    "that a rare label counts as much as a frequent one. Top 1 is the share of all images whose "
    "best label is theirs. Intervals are the middle 95% of resampled images."
)


def first_screen(evaluation: Evaluation, run: str) -> str:
    """Return the heading, the sentence, the bars and the facts; `run` is escaped already."""
    value, champion, baseline = _primary(evaluation)
    rows = [("this model", value, "this")]
    if evaluation.champion and champion is not None:
        name = escape(evaluation.champion.candidate.run)
        rows.append((f"champion {name}", champion, "other"))
    rows.append((_baseline_said(evaluation), baseline, "other"))
    judged = int((evaluation.challenger.quality.support > 0).sum())
    facts = {
        f"{evaluation.side} images": f"{len(evaluation.truth):,}",
        "labels judged": f"{judged} of {len(evaluation.labels)}",
        **_facts(evaluation),
        "evaluated": escape(evaluation.created.replace("T", " ").replace("+00:00", " UTC")),
    }
    cells = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts.items())
    meaning = _RECALL_SAID if evaluation.single else _MAP_SAID
    return (
        f'<h1>Evaluation of {run}</h1><p class="verdict">{_sentence(evaluation)}</p>'
        f'<div class="panel">{bars(rows)}<dl class="facts">{cells}</dl></div>'
        f'<p class="note" style="margin-top:10px">{meaning} {_same(evaluation)}'
        f"{_resized(evaluation)}{_other_task(evaluation)}</p>"
    )


def first_of_all(evaluation: Evaluation, dataset: PackedDataset) -> str:
    """Say what pictures tell no more, and what could not be started from, where all see it."""
    start = evaluation.challenger.candidate.description.start
    sentences = pictures_said(dataset)
    if start and start.instead:
        sentences = [*sentences, f"Training started from {start.said}"]
    said = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f'<ul class="note">{said}</ul>' if said else ""


def _primary(evaluation: Evaluation) -> tuple[float, float | None, float]:
    """Return the primary metric of the challenger, of the champion, and of the baseline."""
    found, comparison = evaluation.challenger.quality, evaluation.comparison
    if evaluation.single:
        theirs = comparison.single if comparison else None
        mine = evaluation.single.answers
        return mine.macro_recall, theirs.champion.macro_recall if theirs else None, mine.baseline
    return found.mean_ap, comparison.champion.mean_ap if comparison else None, found.baseline_map


def _on_the_same(evaluation: Evaluation) -> float:
    """Return the challenger's primary metric on the images that it was compared on."""
    comparison = evaluation.comparison
    if comparison is None:
        return _primary(evaluation)[0]
    if comparison.single:
        return comparison.single.challenger.macro_recall
    return comparison.challenger.mean_ap


def _baseline_said(evaluation: Evaluation) -> str:
    return "one label for all images" if evaluation.single else "label frequencies alone"


def _facts(evaluation: Evaluation) -> dict[str, str]:
    single, found = evaluation.single, evaluation.challenger.quality
    if single is None:
        return {
            "micro AP": f"{found.micro_ap:.3f}",
            "mean F1": f"{evaluation.f1.macro:.3f}",
            "micro F1": f"{evaluation.f1.micro:.3f}",
        }

    def spread(value: float, between: tuple[float, float]) -> str:
        return f"{value:.3f} <small>{between[0]:.3f} to {between[1]:.3f}</small>"

    told = single.answers
    facts = {
        "macro recall": spread(told.macro_recall, single.macro_recall),
        "top 1": spread(told.top1, single.top1),
    }
    if told.top5 is not None and single.top5 is not None:
        facts["top 5"] = spread(told.top5, single.top5)
    return facts | {
        "given a label": f"{single.given.answered:.1%}",
        "of these right": number(single.given.accuracy, ".1%"),
        "mean F1": f"{evaluation.f1.macro:.3f}",
        "mAP": f"{found.mean_ap:.3f}",
    }


def _sentence(evaluation: Evaluation) -> str:
    value, champion, baseline = _primary(evaluation)
    name = "Macro recall" if evaluation.single else "mAP"
    text = f"{name} {value:.3f}: {value / baseline:.1f} times what "
    text += f"{_baseline_said(evaluation)} would reach"
    if not evaluation.champion:
        return f"{text}. There is no champion yet."
    comparison = evaluation.comparison
    if comparison is None or champion is None:
        return escape(f"{text}. Not compared with the champion: {evaluation.not_compared}.")
    gap = _on_the_same(evaluation) - champion
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
        f"has {_on_the_same(evaluation):.3f}: {left_out:,} are left out, since the champion "
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


def _other_task(evaluation: Evaluation) -> str:
    """Say where the champion was trained for another task than it is judged by."""
    champion, single = evaluation.champion, evaluation.single
    if not (champion and evaluation.comparison):
        return ""
    theirs = champion.candidate.description.task
    if single and theirs is Task.MULTI:
        return (
            " The champion was trained for any number of labels an image: its best one counts here."
        )
    if not single and theirs is Task.SINGLE:
        return (
            " The champion was trained for one label an image: its scores, which add up to 1, rank "
            "images here."
        )
    return ""
