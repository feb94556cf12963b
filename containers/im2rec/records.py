"""One image and its labels become one record: the work that worker processes share."""

from dataclasses import dataclass

import cv2

from tagline.formats.reasons import Reason
from tagline.formats.recordio import pack_record
from tagline.imaging import ImageError, ImageSpec, preprocess

QUALITY = 95  # MXNet's im2rec default


@dataclass(frozen=True, slots=True)
class Item:
    """What a worker needs of one row: the encoded image and the labels as text of 0 and 1."""

    identifier: int
    labels: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Packed:
    """A record's payload, or the reason code and detail of an image that cannot be used."""

    payload: bytes | None
    reason: str | None = None
    detail: str | None = None


def encode_image(data: bytes, spec: ImageSpec) -> bytes:
    """Return the preprocessed image as JPEG of quality 95; raise ImageError if it is unusable."""
    pixels = cv2.cvtColor(preprocess(data, spec), cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return bytes(encoded)


def pack_item(item: Item, spec: ImageSpec) -> Packed:
    """Return the record of one image: its multi-hot labels as float32 and its pixels as JPEG."""
    try:
        image = encode_image(item.data, spec)
    except ImageError as exc:
        return Packed(None, exc.reason, exc.detail)
    return Packed(labelled(item.identifier, item.labels, image))


def labelled(identifier: int, labels: str, image: bytes) -> bytes:
    """Return the payload of an encoded image with its multi-hot labels as float32."""
    return pack_record(identifier, [float(c) for c in labels], image)


def crashed(detail: str) -> Packed:
    """Return the verdict on an image that took the decoder's whole process down."""
    return Packed(None, Reason.UNDECODABLE_IMAGE, detail)
