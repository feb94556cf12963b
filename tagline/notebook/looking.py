"""Looking at images and their labels: which go together, and what they look like."""

import io
import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from tagline.formats.recordio import ImageRecord
from tagline.notebook.dataset import named

_INCHES = 1.7  # of an image on a sheet


def cooccurrence(
    images: Sequence[ImageRecord], labels: Sequence[str], most: int = 20
) -> pd.DataFrame:
    """Return, of the images with a row's label, the share that also has a column's.

    The `most` frequent labels are told of; a label that no image has is left out.
    """
    marks = np.array([image.labels for image in images], np.float64)
    together = marks.T @ marks
    counts = np.diag(together)
    kept = [int(j) for j in np.argsort(-counts, kind="stable")[:most] if counts[j]]
    shares = together[np.ix_(kept, kept)] / counts[kept][:, None]
    names = [labels[j] for j in kept]
    return pd.DataFrame(shares, index=names, columns=names).round(2)


def contact_sheet(images: Sequence[ImageRecord], labels: Sequence[str], columns: int = 6) -> Figure:
    """Return a sheet of images, each below the labels that it has."""
    rows = max(1, math.ceil(len(images) / columns))
    figure = Figure(figsize=(_INCHES * columns, 1.3 * _INCHES * rows))
    for number, image in enumerate(images, 1):
        axes = figure.add_subplot(rows, columns, number)
        axes.imshow(Image.open(io.BytesIO(image.image)))
        axes.set_title("\n".join(named(labels, image)[:3]) or "none", fontsize=7)
        axes.set_axis_off()
    figure.tight_layout()
    return figure
