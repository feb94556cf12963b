"""Which of the images that judge two models the champion was not trained on."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagline.formats.document import R, UnreadableDocument, decode_lines
from tagline.formats.rows import IndexedImage, Side, Verdict
from trainer.contract import Base, JobRefused, existing


def unseen(base: Base, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which of the records with these ids (n,) the champion was not trained on, (n,).

    Records are known by the digests of their images in both runs' images.jsonl. One that does not
    tell its side is of an older version, whose verdicts.jsonl does; one that nobody tells of counts
    as trained on. Without the champion's images, an input, none does.
    """
    theirs = base.processing_input("champion-images/images.jsonl")
    if not theirs.is_file():
        return np.ones(len(ids), np.bool_)
    verdicts = base.processing_input("champion-verdicts/verdicts.jsonl")
    told = {line.line: line.split for line in _lines(verdicts, Verdict)}
    trained = {
        image.image
        for image in _lines(theirs, IndexedImage)
        if (image.side or told.get(image.line) or Side.TRAIN) is Side.TRAIN
    }
    ours = base.processing_input("images/images.jsonl")
    seen = {image.id for image in _lines(ours, IndexedImage) if image.image in trained}
    return ~np.isin(ids, np.fromiter(seen, np.int64, len(seen)))


def _lines(path: Path, kind: type[R]) -> Iterator[R]:
    try:
        with existing(path, f"input {path.parent.name!r}").open("rb") as lines:
            yield from decode_lines(lines, kind, path.name)
    except UnreadableDocument as exc:
        raise JobRefused(str(exc)) from exc
