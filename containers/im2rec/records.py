"""One image and its labels become one record: the work that worker processes share."""

from dataclasses import dataclass

import cv2

from tagline.formats.reasons import Reason
from tagline.formats.recordio import pack_record
from tagline.formats.settings import ImageSpec
from tagline.imaging import ImageError, preprocess

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


Packed = bytes | Unusable  # a record's payload, or why there is none


def encode_image(data: bytes, spec: ImageSpec) -> bytes:
    """Return the preprocessed image as JPEG of quality 95; raise ImageError if it is unusable."""
    pixels = cv2.cvtColor(preprocess(data, spec), cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return bytes(encoded)


def pack_image(image: FetchedImage, spec: ImageSpec) -> Packed:
    """Return the record of one image: its multi-hot labels as float32 and its pixels as JPEG."""
    try:
        encoded = encode_image(image.data, spec)
    except ImageError as exc:
        return Unusable(exc.reason, exc.detail)
    return labelled(image.identifier, image.labels, encoded)


def labelled(identifier: int, labels: str, image: bytes) -> bytes:
    """Return the payload of an encoded image with its multi-hot labels as float32."""
    return pack_record(identifier, [float(c) for c in labels], image)
