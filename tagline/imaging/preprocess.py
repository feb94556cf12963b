"""The one function between an image's bytes and a model, in packing and in serving alike."""

import cv2
import numpy as np
from numpy.typing import NDArray

from tagline.formats.settings import ImageSpec
from tagline.imaging import geometry
from tagline.imaging.cost import Cost, check_decoding, check_size
from tagline.imaging.decoders.decode import decode, scale_of
from tagline.imaging.errors import EmptyObject, ObjectTooLarge
from tagline.imaging.geometry import Window
from tagline.imaging.headers.detect import read_header
from tagline.imaging.headers.header import ImageHeader
from tagline.imaging.lost import transparent
from tagline.imaging.spec import Limits, bgr

DEFAULT_LIMITS = Limits()


def preprocess(data: bytes, spec: ImageSpec, limits: Limits = DEFAULT_LIMITS) -> NDArray[np.uint8]:
    """Return the (size, size, 3) uint8 RGB pixels that a model sees of an encoded image.

    PNG, JPEG and WebP, of any depth and colour type; bytes and pixels are checked against `limits`
    from the header before anything is decoded. Transparency is flattened on the background, EXIF
    orientation applied, 16 bits rounded to 8. Colours of an embedded ICC profile, or of a PNG's
    cICP, gAMA and cHRM chunks, are converted to sRGB; without one, samples are taken as sRGB.

    Raise an ImageError whose `reason` is the code that goes into the rejects. A shortened file is
    always noticed, damage inside a PNG by its checksums; a JPEG has none, and a few wrong bits that
    leave its code readable are not.
    """
    return preprocess_and_look(data, spec, limits)[0]


def preprocess_and_look(
    data: bytes, spec: ImageSpec, limits: Limits = DEFAULT_LIMITS
) -> tuple[NDArray[np.uint8], bool]:
    """Return what `preprocess` does, and whether all of the picture is transparent."""
    header = checked_header(data, limits)
    window = geometry.window(header.width, header.height, spec)
    stored = stored_pixels(data, header, window, limits)
    pixels = geometry.flattened(stored, bgr(spec.background))
    pixels = geometry.upright(pixels, header.orientation)
    return _model_sees(pixels, spec), transparent(stored)


def preprocess_frame(frame: NDArray[np.uint8], spec: ImageSpec) -> NDArray[np.uint8]:
    """Return what `preprocess` does of an image that is decoded: a camera's (h, w, 3) uint8 BGR."""
    height, width = frame.shape[:2]
    window = geometry.window(width, height, spec)
    return _model_sees(geometry.resample(frame, window, (width, height), 1), spec)


def _model_sees(pixels: NDArray[np.uint8], spec: ImageSpec) -> NDArray[np.uint8]:
    centred = geometry.centred(pixels, spec)
    return np.asarray(cv2.cvtColor(centred, cv2.COLOR_BGR2RGB), np.uint8)


def decoding_cost(data: bytes, spec: ImageSpec, limits: Limits = DEFAULT_LIMITS) -> Cost:
    """Return what `preprocess` is going to take, from the header alone; raise an ImageError."""
    header = checked_header(data, limits)
    wanted = geometry.window(header.width, header.height, spec).needs(header.width, header.height)
    return check_decoding(header, scale_of(header, wanted), limits)


def stored_pixels(
    data: bytes, header: ImageHeader, window: Window, limits: Limits = DEFAULT_LIMITS
) -> NDArray[np.uint8]:
    """Return the window's pixels in sRGB, as they are stored: BGR, or BGRA premultiplied.

    Raise an ImageError when the bytes are damaged or decoding them costs too much.
    """
    wanted = window.needs(header.width, header.height)
    check_decoding(header, scale_of(header, wanted), limits)
    pixels, scale = decode(data, header, wanted)
    pixels = geometry.resample(pixels, window, (header.width, header.height), scale)
    if header.profile is None or header.profile.space == "cmyk":  # that one is decoded to sRGB
        return pixels
    from tagline.imaging.colour import to_srgb  # noqa: PLC0415 - most images do without Pillow

    return to_srgb(pixels, header.profile)


def checked_header(data: bytes, limits: Limits = DEFAULT_LIMITS) -> ImageHeader:
    """Return the header of an image that keeps the limits; raise an ImageError otherwise."""
    if not data:
        raise EmptyObject("the object has no bytes")
    if len(data) > limits.max_bytes:
        raise ObjectTooLarge(f"{len(data)} bytes; at most {limits.max_bytes} are taken")
    header = read_header(data)
    check_size(header, limits)
    return header
