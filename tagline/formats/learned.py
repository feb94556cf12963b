"""Which images a model has learned from, and which others are those again, or near-copies of them.

Whoever compares a model with another, or lets one go on from it, must not judge by such images.
"""

from collections.abc import Iterable, Iterator, Mapping

from tagline.formats.near_copies import near_to
from tagline.formats.rows import IndexedImage, Side, Verdict


def recalled(
    images: Mapping[int, str],
    likenesses: Mapping[int, str],
    indexed: Iterable[IndexedImage],
    verdicts: Iterable[Verdict],
) -> set[int]:
    """Return which images, by any key, a model of a run has learned from, or a near-copy of them.

    `images` are their digests (`image_index.image_digest`), `likenesses` those that are known;
    `indexed` and `verdicts` are the run's images.jsonl and verdicts.jsonl, which are read once and
    of which only what is asked about is held. An image that does not tell its side is of an older
    version, whose verdicts do; one that nobody tells of counts as learned from.
    """
    asked = set(images.values())
    seen: set[str] = set()
    untold: dict[int, str] = {}  # line of the list → digest
    for image in indexed:
        if image.image not in asked:
            continue
        if image.side is None:
            untold[image.line] = image.image
        elif image.side is Side.TRAIN:
            seen.add(image.image)

    def trained() -> Iterator[str]:
        for verdict in verdicts:
            if verdict.split not in (None, Side.TRAIN):
                untold.pop(verdict.line, None)
            elif verdict.split is Side.TRAIN and verdict.likeness:
                yield verdict.likeness

    near = near_to(trained(), likenesses)
    seen.update(untold.values())
    return near | {key for key, image in images.items() if image in seen}
