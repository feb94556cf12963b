"""Which tags become labels: renamed, merged, counted, rare ones left out, in a fixed order."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from tagline.converting.entries import Unconvertible
from tagline.converting.store import Image


@dataclass(frozen=True)
class Wishes:
    """What is to become of tags: new names, tags that are one, on how many images at least."""

    renamed: Mapping[str, str] = field(default_factory=dict)
    merged: Sequence[tuple[tuple[str, ...], str]] = ()
    min_count: int = 0


@dataclass(frozen=True)
class Vocabulary:
    """The labels in their order, with the images of each; `column` is a tag's label, if any.

    `rare` holds the tags that were left out, with their images.
    """

    names: tuple[str, ...]
    counts: tuple[int, ...]
    rare: Mapping[str, int]
    column: tuple[int | None, ...]

    def labels(self, image: Image) -> list[int]:
        """Return the columns of an image's labels, rising."""
        return sorted({at for tag in image.tags if (at := self.column[tag]) is not None})


def settle(
    found: Sequence[str], declared: Sequence[str], images: Iterable[Image], wishes: Wishes
) -> Vocabulary:
    """Return the labels of images; the source's own order goes before the alphabet's.

    Raises Unconvertible for a wish about a tag that no image has.
    """
    called = _called(found, wishes)
    names = [called.get(name, name) for name in found]
    counts: Counter[str] = Counter()
    for image in images:
        counts.update({names[tag] for tag in image.tags})
    order = dict.fromkeys(called.get(name, name) for name in declared)
    order |= dict.fromkeys(sorted(names))
    kept = [name for name in order if counts[name] >= wishes.min_count]
    at = {name: column for column, name in enumerate(kept)}
    return Vocabulary(
        names=tuple(kept),
        counts=tuple(counts[name] for name in kept),
        rare={name: counts[name] for name in order if name not in at},
        column=tuple(at.get(name) for name in names),
    )


def alike(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return pairs of labels that differ by the case of their letters alone."""
    first: dict[str, str] = {}
    return [
        (first[name.casefold()], name)
        for name in names
        if first.setdefault(name.casefold(), name) != name
    ]


def _called(found: Sequence[str], wishes: Wishes) -> dict[str, str]:
    """Return what tags are called that are called otherwise."""
    called: dict[str, str] = {}
    for old, new in wishes.renamed.items():
        _check_known(old, found, "--rename")
        if new in found and new not in wishes.renamed:
            raise Unconvertible(
                f"--rename {old}={new}: there is a tag {new!r} already; to make one of the two: "
                f"--merge {old},{new}={new}"
            )
        called[old] = new
    for olds, new in wishes.merged:
        for old in olds:
            if old in called:
                raise Unconvertible(f"the tag {old!r} is renamed or merged twice")
            _check_known(old, found, "--merge")
            called[old] = new
    return called


def _check_known(name: str, found: Sequence[str], option: str) -> None:
    if name not in found:
        near = get_close_matches(name, found, 3)
        hint = f"; near to it: {', '.join(near)}" if near else ""
        raise Unconvertible(f"{option} {name!r}: no image has this tag{hint}")
