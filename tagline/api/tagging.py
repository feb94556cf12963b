"""From scores to tags: a pure rule, the same wherever tags are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Tag:
    """One label the image carries, with the model's score (0 to 1)."""

    label: str
    score: float


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
        Tag(label, score)
        for label, score, limit in zip(labels, scores, limits, strict=True)
        if score >= limit
    ]
    return sorted(tags, key=lambda tag: -tag.score)[:top_k]


def tags_document(dataset: str, run: str, created: str, tags: Sequence[Tag]) -> dict[str, Any]:
    """Return the answer of `POST /datasets/{dataset}/tags`; scores to 6 decimal places.

    `run` and `created` are those of the model that answered.
    """
    return {
        "dataset": dataset,
        "model": {"run": run, "created": created},
        "tags": [{"label": tag.label, "score": round(tag.score, 6)} for tag in tags],
    }
