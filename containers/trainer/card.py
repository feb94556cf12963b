"""The model card: what a model was made from, how good it is, and what it is not."""

from typing import Any

from tagline.scores.thresholds import SUPPORT_FLOOR
from trainer.judge import Verdict, metrics_document


def card_document(verdict: Verdict, dataset: dict[str, Any]) -> dict[str, Any]:
    """Return the content of model_card.json (sections after Mitchell et al. 2019)."""
    candidate = verdict.challenger.candidate
    numbers = metrics_document(verdict)
    return {
        "model": {
            "run": candidate.run,
            "created": candidate.description.get("created"),
            "network": candidate.description.get("network"),
            "best_epoch": candidate.description.get("best_epoch"),
            "hyperparameters": candidate.description.get("hyperparameters"),
            "versions": candidate.description.get("versions"),
            "input": f"RGB image, {candidate.side} x {candidate.side} pixels, values 0 to 255",
            "output": f"{len(candidate.labels)} scores in 0..1, one per label, not exclusive",
        },
        "intended_use": "Suggest tags for graphic designs like those it was trained on.",
        "data": {
            key: dataset.get(key)
            for key in (
                "run",
                "fingerprint",
                "rows",
                "accepted",
                "rejected",
                "train",
                "validation",
                "image",
                "positives",
                "sha256",
            )
        },
        "metrics": {
            key: numbers[key]
            for key in ("images", "mAP", "micro_ap", "baseline_map", "champion", "difference")
        },
        "limits": limits(verdict),
        "licence": (
            "The model inherits whatever terms its training images and labels carry; the list "
            "does not state them, so check them before passing the model on."
        ),
    }


def limits(verdict: Verdict) -> list[str]:
    """Return what a reader should know before relying on the numbers, in sentences."""
    support = verdict.challenger.quality.support
    absent = [x for x, n in zip(verdict.labels, support, strict=True) if n == 0]
    few = [x for x, n in zip(verdict.labels, support, strict=True) if 0 < n < SUPPORT_FLOOR]
    said = [
        "Numbers hold for images like the validation set's; others can be tagged much worse.",
        "F1 and mAP are slightly optimistic: thresholds and epoch were chosen on these images.",
    ]
    if absent:
        said.append(
            f"{len(absent)} label(s) have no validation positive and were not judged: "
            f"{_some(absent)}."
        )
    if few:
        said.append(
            f"{len(few)} label(s) have fewer than {SUPPORT_FLOOR} validation positives and share "
            f"one threshold: {_some(few)}."
        )
    champion = verdict.champion
    if champion:
        unknown = [x for x in verdict.labels if x not in champion.candidate.labels]
        if unknown:
            said.append(
                f"The champion never learned {len(unknown)} label(s), which count at their "
                f"frequency: {_some(unknown)}."
            )
    return said


def _some(labels: list[str], most: int = 8) -> str:
    rest = len(labels) - most
    return ", ".join(labels[:most]) + (f" and {rest} more" if rest > 0 else "")
