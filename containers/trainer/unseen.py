"""Which of the images that judge two models the champion was not trained on."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tagline.formats.learned import recalled
from tagline.formats.rows import IndexedImage, Verdict
from trainer.contract import Base, read_lines


def unseen(base: Base, ids: NDArray[np.uint64], rows: Mapping[int, Verdict]) -> NDArray[np.bool_]:
    """Return which of the records with these ids (n,) the champion was not trained on, (n,).

    Records are known by the digests of their images in both runs' images.jsonl, and near-copies by
    the likenesses in `rows` and the champion's verdicts.jsonl, where they are told. Without the
    champion's images, an input, none counts as trained on.
    """
    theirs = base.processing_input("champion-images/images.jsonl")
    if not theirs.parent.is_dir():
        return np.ones(len(ids), np.bool_)
    judging = set(ids.tolist())
    ours = base.processing_input("images/images.jsonl")
    seen = recalled(
        {it.id: it.image for it in read_lines(ours, IndexedImage) if it.id in judging},
        {id_: row.likeness for id_, row in rows.items() if id_ in judging and row.likeness},
        read_lines(theirs, IndexedImage),
        read_lines(base.processing_input("champion-verdicts/verdicts.jsonl"), Verdict),
    )
    return ~np.isin(ids, np.fromiter(seen, np.uint64, len(seen)))
