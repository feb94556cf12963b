"""What the accepted rows of a list say about its labels."""

from dataclasses import dataclass

from tagline.listing.label_counts import LabelCounter
from tagline.listing.label_names import default_label_names


@dataclass(frozen=True)
class LabelFacts:
    """What the accepted rows say about the labels.

    `positives` maps each name to its number of rows; `never`, `once` and `always` are the names
    that no row, one row and every row has; `rows_without_label` counts rows that are all 0, which
    is legal.
    """

    count: int
    named: bool
    positives: dict[str, int]
    never: list[str]
    once: list[str]
    always: list[str]
    rows_without_label: int
    classes: bool = False
    """Whether the list has one column, of the class that an image is of."""


def label_facts(
    counter: LabelCounter, names: tuple[str, ...] | None, rows: int, *, classes: bool
) -> LabelFacts:
    """Return what accepted rows, which were counted, say; `names` are those of labels.txt."""
    positives = counter.positives()
    named = names is not None and len(names) == len(positives)
    shown = names if named and names is not None else default_label_names(len(positives))
    by_name = dict(zip(shown, positives, strict=True))
    return LabelFacts(
        count=len(positives),
        named=named,
        positives=by_name,
        never=[name for name, n in by_name.items() if n == 0],
        once=[name for name, n in by_name.items() if n == 1 < rows],
        always=[name for name, n in by_name.items() if rows and n == rows],
        rows_without_label=counter.rows_without_label,
        classes=classes,
    )
