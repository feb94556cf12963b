"""Colours of an embedded profile become sRGB, by Little CMS as Pillow brings it."""

import io
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from tagline.imaging.decoders.jpeg import decode_jpeg
from tagline.imaging.headers.header import ImageHeader
from tagline.imaging.headers.profile import Profile

Pixels = NDArray[np.uint8]
_MODES = {"rgb": "RGB", "grey": "L", "cmyk": "CMYK"}
_ALPHA = 4
_CACHED = 16  # profiles; a dataset has a handful


def to_srgb(pixels: Pixels, profile: Profile) -> Pixels:
    """Return BGR or premultiplied BGRA pixels of an rgb or grey `profile` in sRGB.

    A profile that Little CMS cannot use counts as absent, as in every viewer, and one that changes
    no colour by more than a level is not applied.
    """
    transform = _transform(profile)
    if transform is None:
        return pixels
    if pixels.shape[2] != _ALPHA:
        return _converted(pixels, profile, transform)
    straight = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_mRGBA2RGBA), np.uint8)
    colours = _converted(np.ascontiguousarray(straight[:, :, :3]), profile, transform)
    joined = np.dstack((colours, straight[:, :, 3]))
    return np.asarray(cv2.cvtColor(joined, cv2.COLOR_RGBA2mRGBA), np.uint8)


def _converted(pixels: Pixels, profile: Profile, transform: ImageCms.ImageCmsTransform) -> Pixels:
    if profile.space == "grey":
        image = Image.fromarray(np.ascontiguousarray(pixels[:, :, 0]))
    else:
        image = Image.fromarray(np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)))
    return _bgr(ImageCms.applyTransform(image, transform))


def decode_cmyk(data: bytes, header: ImageHeader, scale: int) -> Pixels:
    """Return a CMYK JPEG in sRGB as BGR, decoded at 1/`scale`, rounded up.

    Without a profile that Little CMS can use, inks are taken as ideal ones. Raise UndecodableImage
    when the bytes are damaged.
    """
    light = decode_jpeg(data, header, scale, "CMYK")
    inks = Image.frombytes("CMYK", (light.shape[1], light.shape[0]), (255 - light).tobytes())
    transform = _transform(header.profile) if header.profile else None
    if transform is None:
        return _bgr(inks.convert("RGB"))
    return _bgr(ImageCms.applyTransform(inks, transform))


@lru_cache(_CACHED)
def _transform(profile: Profile) -> ImageCms.ImageCmsTransform | None:
    try:
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(profile.data)),
            ImageCms.createProfile("sRGB"),
            _MODES[profile.space],
            "RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError):
        return None
    return None if profile.space != "cmyk" and _idle(profile, transform) else transform


def _idle(profile: Profile, transform: ImageCms.ImageCmsTransform) -> bool:
    """Return whether a transform leaves colours as they are: sRGB by another name."""
    if profile.space == "grey":
        colours = np.repeat(np.arange(256, dtype=np.uint8)[:, None, None], 3, 2)
    else:
        steps = np.arange(0, 256, 15, dtype=np.uint8)
        colours = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(-1, 1, 3)
    changed = _converted(colours, profile, transform).astype(np.int16) - colours
    return bool(np.abs(changed).max() <= 1)


def _bgr(image: Image.Image | None) -> Pixels:
    return np.asarray(cv2.cvtColor(np.asarray(image, np.uint8), cv2.COLOR_RGB2BGR), np.uint8)
