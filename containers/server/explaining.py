"""Which part of an image a label's score hangs on: each cell of a grid is covered once.

The cells are covered by the image's mean colour. How many there are is bounded by what scoring
takes, so that an explanation costs COST_SECONDS of CPU time at most, whatever the network.
"""

import math

import numpy as np
from numpy.typing import NDArray

from server.model import Model
from tagline.formats.models import ImageScores

COST_SECONDS = 1.5
MOST_LABELS = 8
_GRIDS = (3, 8)  # cells a side, at least and at most


def cells_a_side(model: Model) -> int:
    """Return how fine a grid a model can afford."""
    fewest, most = _GRIDS
    affordable = math.isqrt(int(COST_SECONDS / max(model.seconds, 1e-4)))
    return min(most, max(fewest, affordable))


def seconds(model: Model) -> float:
    """Return how long an explanation takes."""
    return model.seconds * (1 + cells_a_side(model) ** 2)


def explain(model: Model, pixels: NDArray[np.uint8]) -> ImageScores:
    """Return the scores of (size, size, 3) uint8 pixels, and what the highest of them hang on.

    That is what the label's score loses where each cell is covered, row by row; negative where it
    gains.
    """
    found = model.answer(pixels)
    scores = np.array(found.scores)
    cells = cells_a_side(model)
    rows, columns = (np.array_split(np.arange(side), cells) for side in pixels.shape[:2])
    mean = pixels.mean(axis=(0, 1)).round().astype(np.uint8)
    lost = []
    for down in rows:
        for across in columns:
            covered = pixels.copy()
            covered[down[0] : down[-1] + 1, across[0] : across[-1] + 1] = mean
            lost.append(scores - model.score(covered))
    highest = np.argsort(-scores, kind="stable")[:MOST_LABELS]
    heat = {found.labels[n]: tuple(round(float(each[n]), 6) for each in lost) for n in highest}
    return ImageScores(
        run=found.run, created=found.created, labels=found.labels, scores=found.scores, heat=heat
    )
