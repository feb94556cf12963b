"""A report in words: what drifted, from what to what, and what to do about it."""

from collections.abc import Sequence

from tagline.formats.drift import InputDrift, LabelDrift

_NAMED = 5
NO_REFERENCE = (
    "The champion was evaluated before the validation scores were kept; the next run that is "
    "evaluated has them. Until then nothing can be said."
)
TO_DO = (
    "Look at what is sent now: if it is what the tagger is for, add such images to the list with "
    "their labels and drop it again; if not, mend what sends it."
)


def steady(images: int, labels: int) -> str:
    """Say that nothing drifted."""
    return f"Nothing drifted: the {images:,} images look like those of validation, and so do the scores of all {labels:,} labels."  # noqa: E501


def too_few(images: int, least: int) -> str:
    """Say that too few images were tagged to tell."""
    return f"{images:,} images were tagged in the window; from {least:,} on drift can be told."


def drifted(labels: Sequence[LabelDrift], inputs: Sequence[InputDrift], images: int) -> str:
    """Say what drifted and what to do; `labels` and `inputs` are those that did."""
    said = [input_said(each) for each in inputs]
    if labels:
        more = f", and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
        named = "; ".join(label_said(each) for each in labels[:_NAMED])
        count = "1 label" if len(labels) == 1 else f"{len(labels):,} labels"
        said.append(f"{count} drifted: {named}{more}")
    return f"{'. '.join(said)}. This is of {images:,} images. {TO_DO}"


def label_said(label: LabelDrift) -> str:
    """Say from what to what a label went."""
    said = []
    if label.scores.drifted:
        said.append(f"scores' PSI {label.scores.psi:.2f} (limit {label.scores.limit:.2f})")
    before, now = label.rate.reference, label.rate.now
    if before is not None and now is not None:
        said.append(f"given to {_percent(before)} of the images in validation, now to "
                    f"{_percent(now)}")  # fmt: skip
    return f"{label.label} ({', '.join(said)})"


def input_said(found: InputDrift) -> str:
    """Say from what to what the files went: the class that gained most, or that lost most."""
    before, now = shares(found.reference), shares(found.now)
    moved = {name: now.get(name, 0) - before.get(name, 0) for name in {*before, *now}}
    name = max(sorted(moved), key=lambda each: abs(moved[each]))
    what = {
        "format": f"{name.upper()} files",
        "size": f"images of up to {name} pixels" if name != "more" else "larger images",
        "alpha": "images with alpha" if name == "alpha" else "images without alpha",
    }[found.what]
    return (
        f"{what[:1].upper()}{what[1:]} were {_percent(before.get(name, 0))} in validation and are "
        f"{_percent(now.get(name, 0))} now (PSI {found.shift.psi:.2f})"
    )


def shares(counts: dict[str, int]) -> dict[str, float]:
    """Return what share of all each class has."""
    whole = sum(counts.values()) or 1
    return {name: count / whole for name, count in counts.items()}


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
