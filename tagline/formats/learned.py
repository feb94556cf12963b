"""Which images a model has learned from, and which others are those again, or near-copies of them.

Whoever compares a model with another, or lets one go on from it, must not judge by such images.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from tagline.formats.near_copies import near_to
from tagline.formats.rows import IndexedImage, Side, Verdict


@dataclass(frozen=True)
class Learned:
    """The training images of a run: digests (`image_index.image_digest`), likenesses if known."""

    digests: AbstractSet[str]
    likenesses: AbstractSet[str]

    def recalls(self, images: Mapping[int, str], likenesses: Mapping[int, str]) -> set[int]:
        """Return which images, by any key, a model of that run has seen, or a near-copy of them.

        `images` are their digests, `likenesses` those that are known.
        """
        same = {key for key, image in images.items() if image in self.digests}
        return same | near_to(self.likenesses, likenesses)


def learned(images: Iterable[IndexedImage], verdicts: Iterable[Verdict]) -> Learned:
    """Return what a run trained on, by its images.jsonl and verdicts.jsonl.

    An image that does not tell its side is of an older version, whose verdicts do; one that nobody
    tells of counts as trained on.
    """
    sides: dict[int, Side | None] = {}
    likenesses = set()
    for verdict in verdicts:
        sides[verdict.line] = verdict.split
        if verdict.split is Side.TRAIN and verdict.likeness:
            likenesses.add(verdict.likeness)
    return Learned(
        {
            image.image
            for image in images
            if (image.side or sides.get(image.line) or Side.TRAIN) is Side.TRAIN
        },
        likenesses,
    )
