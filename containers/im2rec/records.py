"""One image and its labels become one record: the work that worker processes share."""

from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

import cv2
import numpy as np

from tagline.formats.image_kind import kind_of
from tagline.formats.reasons import Reason
from tagline.formats.recordio import join_record
from tagline.formats.rows import Lost
from tagline.formats.settings import ImageSpec
from tagline.imaging import ImageError
from tagline.imaging.likeness import likeness
from tagline.imaging.lost import what_is_lost
from tagline.imaging.preprocess import preprocess_and_look

QUALITY = 95  # MXNet's im2rec default


@dataclass(frozen=True, slots=True)
class FetchedImage:
    """What a worker needs of one row: the encoded image and the labels as text of 0 and 1."""

    identifier: int
    labels: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why an image has no record."""

    reason: Reason
    detail: str


class Record(NamedTuple):
    """A record's payload, what its picture does not tell any more or else its likeness, its kind.

    `encoded` tells of a file whose own bytes were asked for and would not do.
    """

    payload: bytes
    lost: Lost | None = None
    encoded: bool = False
    likeness: str | None = None
    sha256: str | None = None
    """Of the image's file, hexadecimal."""
    kind: str | None = None


Packed = Record | Unusable


def pack_image(image: FetchedImage, spec: ImageSpec) -> Packed:
    """Return the record of one image: its multi-hot labels as float32 and its pixels as JPEG."""
    try:
        pixels, transparent = preprocess_and_look(image.data, spec)
    except ImageError as exc:
        return Unusable(exc.reason, exc.detail)
    stored = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    payload = labelled(image.identifier, image.labels, bytes(encoded))
    lost = what_is_lost(pixels, transparent=transparent)
    return Record(
        payload,
        lost,
        likeness=None if lost else likeness(pixels),
        sha256=sha256(image.data).hexdigest(),
        kind=kind_of(image.data),
    )


def labelled(identifier: int, labels: str, image: bytes) -> bytes:
    """Return the payload of an encoded image with its multi-hot labels as float32."""
    marks = np.frombuffer(labels.encode(), np.uint8) == ord("1")
    return join_record(identifier, marks.astype("<f4").tobytes(), image)
