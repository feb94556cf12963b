"""What the demo tells at its end."""

from collections.abc import Sequence

from sorter.judging import FilmScore
from tagline.cli.output import emit, rows_table, say
from tagline.formats.edge_messages import EdgeResult

CLASSES = ("compost", "landfill", "recycling")
_HEAD = ("Items", ">How many", ">Top-1", ">Items", *(f">{label}" for label in CLASSES))


def tell_scores(same: FilmScore, other: FilmScore, model: str) -> None:
    """Tell the shares that are right of the frames, of the items by most of theirs, of classes.

    `other` is of held-out items alone, in the second artwork; `same` has trained ones, too.
    """
    unseen = {item.code for item in other.items}
    seen = {item.code for item in same.items} - unseen
    rows = [
        _row("never seen, same artwork", same.only(unseen)),
        _row("never seen, other artwork", other),
        _row("seen in training, same artwork", same.only(seen)),
    ]
    emit(rows_table(_HEAD, rows, title=f"What {model} says of the films: shares that are right"))


def tell_results(device: str, heard: Sequence[EdgeResult], kept: Sequence[str]) -> None:
    """Tell what a device said by MQTT, and where that is kept."""
    said = ((each.at, each.label or "unsure", f"{each.confidence:.2f}") for each in heard)
    emit(rows_table(("At", "Label", ">Confidence"), said, title=f"tagline/{device}/results"))
    say(f"{len(kept)} results are kept; the last: {kept[-1]}")


def _row(name: str, score: FilmScore) -> tuple[str, ...]:
    classes = (score.of_class(label).top1 for label in CLASSES)
    shares = (score.top1, score.of_items, *classes)
    return (name, str(len(score.items)), *(f"{share:.2f}" for share in shares))
