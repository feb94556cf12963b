"""Pixels of the records' images, by OpenCV: the same to the bit as by MXNet's own reader."""

import cv2
import numpy as np

from trainer.engine import Images

_JPEG = b"\xff\xd8\xff"
_PNG = b"\x89PNG\r\n\x1a\n"


class Undecodable(ValueError):
    """An image's bytes are no JPEG that can be read."""


def decode(jpeg: bytes) -> Images:
    """Return the RGB pixels (H, W, 3) of a JPEG that the packing wrote; raises Undecodable.

    No other format reaches a decoder: records hold none.
    """
    image = None
    if jpeg.startswith(_JPEG):
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise Undecodable("it is no JPEG, or a damaged one")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


def decode_any(data: bytes) -> Images:
    """Return the RGB pixels (H, W, 3) of a JPEG or PNG of the evaluation's; raises Undecodable."""
    if not data.startswith(_PNG):
        return decode(data)
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise Undecodable("it is a damaged PNG")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


def resize(image: Images, side: int) -> Images:
    """Return an image (S, S, 3) at `side` pixels: by area where it shrinks, else bilinear."""
    how = cv2.INTER_AREA if side < len(image) else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (side, side), interpolation=how))


def shrink_to(image: Images, shorter: int) -> Images:
    """Return an image (H, W, 3) whose shorter side has so many pixels, its aspect kept."""
    height, width = image.shape[:2]
    scale = shorter / min(height, width)
    size = (max(shorter, round(width * scale)), max(shorter, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=how))


def jpeg(image: Images) -> bytes:
    """Return RGB pixels (H, W, 3) as a JPEG of the packing's quality."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 95])
    return data.tobytes()


def png(image: Images) -> bytes:
    """Return RGB pixels (H, W, 3) as a PNG."""
    _, data = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    return data.tobytes()
