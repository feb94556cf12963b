"""What a model says of images that it has not learned from, beside what it ought to say."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sagemaker.s3 import S3Downloader, S3Uploader

from tagline.formats.recordio import ImageRecord
from tagline.notebook.connection import Connection
from tagline.scores.ranking import quality


@dataclass(frozen=True)
class Judgement:
    """How well scores tell images that have a label from those that have not."""

    mean_ap: float
    """mAP: the mean of the labels' average precision."""
    baseline_map: float
    """What always answering each label's frequency would get."""
    micro_ap: float
    labels: pd.DataFrame
    """A row a label that an image has: average precision, its frequency, images that have it."""


def upload(stack: Connection, images: Sequence[ImageRecord], folder: str) -> str:
    """Write images as <their number>.jpg below notebooks/<folder>/; return that prefix's URI."""
    prefix = f"s3://{stack.bucket}/{stack.session.default_bucket_prefix}/{folder}/"
    for number, image in enumerate(images):
        S3Uploader.upload_bytes(
            image.image, f"{prefix}{number:06}.jpg", sagemaker_session=stack.session
        )
    return prefix


def answers(stack: Connection, output: str, count: int) -> NDArray[np.float32]:
    """Return the scores (count, labels) that a batch transform left of what `upload` wrote."""
    read = (
        S3Downloader.read_file(
            f"{output.rstrip('/')}/{number:06}.jpg.out", sagemaker_session=stack.session
        )
        for number in range(count)
    )
    return np.array([scores_of(text) for text in read], np.float32)


def scores_of(answer: Any) -> list[float]:
    """Return the scores in an answer: text, bytes or what JSON makes of them.

    The built-in algorithm answers a bare list, or {"prediction": […]} in a batch; this
    repository's server {"scores": […], …}.
    """
    told = json.loads(answer) if isinstance(answer, str | bytes) else answer
    if isinstance(told, dict):
        told = told["prediction"] if "prediction" in told else told["scores"]
    return [float(score) for score in told]


def judge(
    images: Sequence[ImageRecord], scores: NDArray[np.float32], labels: Sequence[str]
) -> Judgement:
    """Hold scores (images, labels) against the labels that the images have."""
    truth = np.array([image.labels for image in images], np.uint8)
    found = quality(scores, truth)
    table = pd.DataFrame(
        {"ap": found.ap, "frequency": truth.mean(axis=0), "images": found.support}, index=labels
    )
    table = table[table["images"] > 0].sort_values("ap", ascending=False)
    return Judgement(found.mean_ap, found.baseline_map, found.micro_ap, table)


def tags(scores: Sequence[float], labels: Sequence[str], most: int = 5) -> pd.Series:
    """Return the labels that an answer is surest of, with their scores, highest first."""
    return pd.Series(list(scores), index=list(labels)).nlargest(most).round(3)
