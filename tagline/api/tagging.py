"""From scores to tags: a pure rule, the same wherever tags are shown."""

from collections.abc import Mapping, Sequence

from tagline.api.documents import Model, Tag, Tags
from tagline.formats.models import ImageScores


def choose_tags(
    labels: Sequence[str],
    scores: Sequence[float],
    thresholds: Mapping[str, float] | float,
    top_k: int | None = None,
) -> list[Tag]:
    """Return the labels whose score reaches their threshold, highest score first.

    `labels` and `scores` are parallel; `thresholds` is one number for all labels or one per
    label. Equal scores keep the labels' order; `top_k` cuts the list. A label without a
    threshold raises KeyError, differing lengths ValueError.
    """
    limits = (
        [thresholds] * len(labels)
        if isinstance(thresholds, float)
        else [thresholds[label] for label in labels]
    )
    tags = [
        Tag(label=label, score=score)
        for label, score, limit in zip(labels, scores, limits, strict=True)
        if score >= limit
    ]
    return sorted(tags, key=lambda tag: -tag.score)[:top_k]


def tags_document(dataset: str, model: ImageScores, tags: Sequence[Tag]) -> Tags:
    """Return the answer of `POST /datasets/{dataset}/tags`; scores to 6 decimal places."""
    return Tags(
        dataset=dataset,
        model=Model(run=model.run, created=model.created),
        tags=[Tag(label=tag.label, score=round(tag.score, 6)) for tag in tags],
    )
