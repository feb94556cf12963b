"""Counts put together: one model's, of several hours and containers."""

from collections.abc import Iterable

from tagline.formats.drift import BINS, Counts, InputCounts, LabelCounts


def summed(run: str, parts: Iterable[Counts]) -> Counts:
    """Return the sum of a run's counts; those of other runs are passed over.

    Labels are matched by name. The order of the parts makes no difference, nor which of them were
    summed before.
    """
    images = 0
    bins: dict[str, list[int]] = {}
    tagged: dict[str, int] = {}
    inputs = InputCounts()
    for part in parts:
        if part.run != run:
            continue
        images += part.images
        for label in part.labels:
            held = bins.setdefault(label.label, [0] * BINS)
            for at, count in enumerate(label.bins):
                if count:
                    held[at] += count
            tagged[label.label] = tagged.get(label.label, 0) + label.tagged
        add_inputs(inputs, part.inputs)
    labels = tuple(
        LabelCounts(label=name, bins=tuple(held), tagged=tagged[name])
        for name, held in bins.items()
    )
    return Counts(run=run, images=images, labels=labels, inputs=inputs)


def add_inputs(held: InputCounts, more: InputCounts) -> None:
    """Add the counts of classes to those held."""
    for mine, theirs in (
        (held.format, more.format),
        (held.size, more.size),
        (held.alpha, more.alpha),
    ):
        for name, count in theirs.items():
            mine[name] = mine.get(name, 0) + count
