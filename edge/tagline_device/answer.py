"""What a model's scores mean: the label, or that it is unsure, or the tags."""

from collections.abc import Sequence
from dataclasses import dataclass

from tagline.formats.edge import EdgeManifest
from tagline.formats.edge_messages import MOST_SCORES, MOST_TAGS, LabelScore


@dataclass(frozen=True)
class Answer:
    """What is said of one frame. `label` is of single-label models, `tags` of the others."""

    label: str | None
    unsure: bool
    confidence: float
    scores: tuple[LabelScore, ...]
    tags: tuple[str, ...]

    @property
    def said(self) -> tuple[object, ...]:
        """Return what has to differ for the answer to be another one."""
        return self.label, self.unsure, self.tags


def answer(manifest: EdgeManifest, scores: Sequence[float]) -> Answer:
    """Return what the scores (one a label, 0 … 1) mean by the manifest's task and thresholds."""
    ranked = sorted(zip(scores, manifest.labels, strict=True), key=lambda pair: -pair[0])
    reached = [label for score, label in ranked if score >= manifest.thresholds.get(label, 0.5)]
    best_score, best = ranked[0]
    single = manifest.task == "single"
    sure = best in reached if single else bool(reached)
    return Answer(
        label=best if single and sure else None,
        unsure=not sure,
        confidence=_share(best_score),
        scores=tuple(
            LabelScore(label=label, score=_share(score)) for score, label in ranked[:MOST_SCORES]
        ),
        tags=() if single else tuple(reached[:MOST_TAGS]),
    )


def _share(score: float) -> float:
    """Round off what float32 computes beside 0 and 1."""
    return round(min(1.0, max(0.0, float(score))), 6)
