"""Which labels a correction may name: those of the dataset, each said once."""

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from itertools import combinations

_NEAR = 3
_SHOWN = 60


class UnknownLabel(ValueError):
    """A label that the dataset does not have."""


class SaidTwice(ValueError):
    """A label that is said to be several things at once, or nothing is said of any."""


def check_labels(said: Mapping[str, Sequence[str]], known: Collection[str]) -> None:
    """Raise UnknownLabel, with names that are near, or SaidTwice; `said` are labels by list."""
    if not any(said.values()):
        raise SaidTwice(f"Nothing is said: name a label in {', '.join(said)}.")
    for one, other in combinations(said, 2):
        if both := sorted(set(said[one]) & set(said[other])):
            raise SaidTwice(f"Label {both[0][:_SHOWN]!r} is in both {one} and {other}.")
    there = set(known)
    for labels in said.values():
        for label in labels:
            if label not in there:
                raise UnknownLabel(
                    f"The dataset has no label {label[:_SHOWN]!r}{near(label, known)}."
                )


def check_one(said: Mapping[str, Sequence[str]]) -> None:
    """Raise SaidTwice unless it is said which one label an image has; labels are by list."""
    has = [label for name in ("confirmed", "added") for label in said[name]]
    if len(has) == 1:
        return
    told = "none is" if not has else f"{len(has)} are"
    raise SaidTwice(
        f"An image of this dataset has exactly one label, and {told} named: name the one that it "
        "has in confirmed, or in added where the model said another."
    )


def near(label: str, known: Collection[str]) -> str:
    """Return labels that are written like one, as words that follow on it; empty without any."""
    folded = {name.casefold(): name for name in known}
    found = get_close_matches(label[:_SHOWN].casefold(), folded, _NEAR, 0.6)
    return f"; near it: {', '.join(folded[name] for name in found)}" if found else ""
