"""Which of the images that judge two models the champion was not trained on."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagline.formats.document import R, UnreadableDocument, decode_lines
from tagline.formats.learned import learned
from tagline.formats.rows import IndexedImage, Verdict
from trainer.contract import Base, JobRefused, existing


def unseen(base: Base, ids: NDArray[np.int64], rows: Mapping[int, Verdict]) -> NDArray[np.bool_]:
    """Return which of the records with these ids (n,) the champion was not trained on, (n,).

    Records are known by the digests of their images in both runs' images.jsonl, and near-copies by
    the likenesses in `rows` and the champion's verdicts.jsonl, where they are told. Without the
    champion's images, an input, none counts as trained on.
    """
    theirs = base.processing_input("champion-images/images.jsonl")
    if not theirs.is_file():
        return np.ones(len(ids), np.bool_)
    champions = learned(
        _lines(theirs, IndexedImage),
        _lines(base.processing_input("champion-verdicts/verdicts.jsonl"), Verdict),
    )
    judging = set(ids.tolist())
    ours = base.processing_input("images/images.jsonl")
    images = {it.id: it.image for it in _lines(ours, IndexedImage) if it.id in judging}
    likenesses = {id_: row.likeness for id_, row in rows.items() if id_ in judging and row.likeness}
    seen = champions.recalls(images, likenesses)
    return ~np.isin(ids, np.fromiter(seen, np.int64, len(seen)))


def _lines(path: Path, kind: type[R]) -> Iterator[R]:
    try:
        with existing(path, f"input {path.parent.name!r}").open("rb") as lines:
            yield from decode_lines(lines, kind, path.name)
    except UnreadableDocument as exc:
        raise JobRefused(str(exc)) from exc
