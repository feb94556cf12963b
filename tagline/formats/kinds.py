"""What a dataset is made of, which is told by where its file was dropped."""

from enum import StrEnum


class Kind(StrEnum):
    """The kinds of datasets; documents that name none are of images."""

    IMAGES = "images"
    """A list of images and their labels, `<dataset>/lists/`."""
    RATINGS = "ratings"
    """Who rated what, `<dataset>/ratings/`."""


PRIMARY_METRIC = {Kind.IMAGES: "mAP", Kind.RATINGS: "ndcg_at_10"}
"""What the gate compares, as metrics.json names it."""
METRIC_SAID = {"mAP": "mAP", "macro_recall": "macro recall", "ndcg_at_10": "NDCG@10"}
"""The same for people."""
