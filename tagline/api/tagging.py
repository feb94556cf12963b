"""From scores to tags: a pure rule, the same wherever tags are shown."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from msgspec import UNSET

from tagline.api.documents import Model, Tag, Tags
from tagline.api.heat import heat_url
from tagline.api.problem import bad_request
from tagline.formats.models import ImageScores
from tagline.formats.tasks import Task


def choose_tags(
    labels: Sequence[str],
    scores: Sequence[float],
    thresholds: Mapping[str, float] | float,
    top_k: int | None = None,
    wanted: Collection[str] | None = None,
) -> list[Tag]:
    """Return the labels whose score reaches their threshold, highest score first.

    `labels` and `scores` are parallel; `thresholds` is one number for all labels or one per
    label. Equal scores keep the labels' order; `top_k` cuts the list, after all but the `wanted`
    labels are left out. A label without a threshold raises KeyError, differing lengths ValueError.
    """
    limits = (
        [thresholds] * len(labels)
        if isinstance(thresholds, float)
        else [thresholds[label] for label in labels]
    )
    tags = [
        Tag(label=label, score=score)
        for label, score, limit in zip(labels, scores, limits, strict=True)
        if score >= limit and (wanted is None or label in wanted)
    ]
    return sorted(tags, key=lambda tag: -tag.score)[:top_k]


def named_labels(text: str, labels: Collection[str]) -> set[str]:
    """Return which of a model's labels a text names, commas between them.

    A label with commas in it is taken whole where the text has it so. Raises a 400 that names what
    is no label of the model.
    """
    words, known = text.split(","), set(labels)
    longest = max((label.count(",") for label in known), default=0) + 1
    found: set[str] = set()
    while words:
        for count in range(min(longest, len(words)), 0, -1):
            if (label := ",".join(words[:count])) in known:
                found.add(label)
                del words[:count]
                break
        else:
            raise bad_request("unknown_label", f"The model has no label {words[0][:60]!r}.")
    return found


def best_label(
    labels: Sequence[str], scores: Sequence[float], thresholds: Mapping[str, float] | float
) -> tuple[Tag, bool]:
    """Return the label of the highest score, of equal ones the first, and if it reaches its limit.

    Where an image has exactly one label, it is that one, or nobody is sure.
    """
    at = max(range(len(scores)), key=scores.__getitem__)
    best = Tag(label=labels[at], score=scores[at])
    limit = thresholds if isinstance(thresholds, float) else thresholds[best.label]
    return best, best.score >= limit


def tags_document(
    dataset: str,
    model: ImageScores,
    task: Task,
    thresholds: Mapping[str, float] | float,
    *,
    top_k: int | None = None,
    wanted: Collection[str] | None = None,
) -> Tags:
    """Return the answer for one image; scores to 6 decimal places, what they hang on if known.

    Where an image has exactly one label, `top_k` cuts its scores, and `wanted` leaves others out.
    """
    answered = partial(Tags, dataset=dataset, model=Model(run=model.run, created=model.created))
    if task is Task.MULTI:
        tags = choose_tags(model.labels, model.scores, thresholds, top_k, wanted)
        return answered(tags=_shown(tags, model))
    best, sure = best_label(model.labels, model.scores, thresholds)
    given = [best] if sure and (wanted is None or best.label in wanted) else []
    scores = choose_tags(model.labels, model.scores, 0.0, top_k, wanted)
    return answered(
        label=best.label if sure else None,
        unsure=not sure,
        scores=_shown(scores, model),
        tags=_shown(given, model),
    )


def _shown(tags: Sequence[Tag], model: ImageScores) -> list[Tag]:
    heat = model.heat or {}
    return [
        Tag(
            label=tag.label,
            score=round(tag.score, 6),
            heat=heat_url(heat.get(tag.label, ())) or UNSET,
        )
        for tag in tags
    ]
