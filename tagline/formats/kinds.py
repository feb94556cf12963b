"""What a dataset is made of, which is told by where its file was dropped."""

from enum import StrEnum


class Kind(StrEnum):
    """The kinds of datasets; documents that name none are of images."""

    IMAGES = "images"
    """A list of images and their labels, `<dataset>/lists/`."""
    RATINGS = "ratings"
    """Who rated what, `<dataset>/ratings/`."""


PRIMARY_METRIC = {Kind.IMAGES: "mAP", Kind.RATINGS: "ndcg_at_10"}
"""What the gate compares, as metrics.json names it; where each image has one label, the next."""
MACRO_RECALL = "macro_recall"
KIND_OF_METRIC = {"mAP": Kind.IMAGES, MACRO_RECALL: Kind.IMAGES, "ndcg_at_10": Kind.RATINGS}
METRIC_SAID = {"mAP": "mAP", MACRO_RECALL: "macro recall", "ndcg_at_10": "NDCG@10"}
"""The same for people."""
