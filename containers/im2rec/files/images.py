"""One file of a list becomes one record: the work of a worker process."""

import os
import stat
from dataclasses import replace
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from im2rec.files.options import Options
from im2rec.files.rows import ImageFile
from im2rec.records import Packed, Record, Unusable
from tagline.formats.locations import fault_of_key
from tagline.formats.reasons import Reason
from tagline.formats.recordio import pack_record
from tagline.formats.rows import Lost
from tagline.formats.spellings import normal_forms, spellings
from tagline.imaging import ImageError, Limits
from tagline.imaging.decoders.decode import decode
from tagline.imaging.errors import EmptyObject, ObjectTooLarge, TooManyPixels, UnsupportedImage
from tagline.imaging.geometry import Window, flattened, upright
from tagline.imaging.headers.header import ImageHeader
from tagline.imaging.lost import transparent, what_is_lost
from tagline.imaging.preprocess import checked_header, stored_pixels
from tagline.imaging.spec import bgr

LIMITS = Limits()
_LYING = 5  # from this orientation on, width and height change places
_WITH_ALPHA = 4
_BEST_PNG = 9


def pack_file(file: ImageFile, options: Options) -> Packed:
    """Return the record of one file, or the reason why it has none."""
    own, lost = options.pass_through, None
    try:
        data = _read_meant(file.path, options)
        header = checked_header(data, LIMITS)
        own = own and header.plain
        if own:
            decode(data, header, (1, 1))  # at the coarsest scale: whole and no other format
        else:
            if options.pass_through:  # as the file has it, in a format that MXNet reads
                options = replace(options, resize=0, center_crop=False)
            pixels, lost = _pixels(data, header, options)
            data = _encoded(pixels, options)
    except ImageError as exc:
        return Unusable(exc.reason, exc.detail)
    except (FileNotFoundError, NotADirectoryError):
        return Unusable(Reason.MISSING_OBJECT, _missing(file.path, options))
    except OSError as exc:
        return Unusable(Reason.ACCESS_DENIED, f"the file cannot be read: {exc.strerror}")
    payload = pack_record(file.identifier, file.labels, data)
    return Record(payload, lost, encoded=options.pass_through and not own)


def _read_meant(path: str, options: Options) -> bytes:
    """Return the bytes of a file, or of the one whose name differs by its Unicode normal form."""
    try:
        return _read(path)
    except FileNotFoundError:
        forms = normal_forms(_below_root(path, options))
        there_are = [file for form in forms if (file := options.root / form).is_file()]
        if len(there_are) != 1:
            raise
        return _read(str(there_are[0]))


def _missing(path: str, options: Options) -> str:
    """Say that there is no such file, and which one there is under another spelling."""
    for name, how in spellings(_below_root(path, options)).items():
        if fault_of_key(name) is None and (options.root / name.lstrip("/")).is_file():
            return f"there is no such file; the file {name}, which differs {how}, exists"
    return "there is no such file"


def _below_root(path: str, options: Options) -> str:
    return path.removeprefix(str(options.root)).lstrip(os.sep)


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe must not hold the run up
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise UnsupportedImage("this is no file")
        if not state.st_size:
            raise EmptyObject("the file has no bytes")
        if state.st_size > LIMITS.max_bytes:
            raise ObjectTooLarge(f"{state.st_size} bytes; at most {LIMITS.max_bytes} are taken")
        return os.read(descriptor, state.st_size)
    finally:
        os.close(descriptor)


def _pixels(
    data: bytes, header: ImageHeader, options: Options
) -> tuple[NDArray[np.uint8], Lost | None]:
    """Return the record's pixels, and what they do not tell any more.

    The pixels are (h, w, 3) BGR, (h, w) grey, or (h, w, 4) BGRA.
    """
    pixels = stored_pixels(data, header, _window(header, options), LIMITS)
    if options.color < 0 and options.encoding == ".png" and pixels.shape[2] == _WITH_ALPHA:
        straight = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_mRGBA2RGBA), np.uint8)
        lost = Lost.TRANSPARENT if transparent(pixels) else None
        return upright(straight, header.orientation), lost
    nothing = transparent(pixels)
    pixels = upright(flattened(pixels, bgr(options.background)), header.orientation)
    lost = what_is_lost(pixels, transparent=nothing)
    if options.color == 0:
        pixels = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.uint8)
    return pixels, lost


def _window(header: ImageHeader, options: Options) -> Window:
    """Return what im2rec wants of an image: `resize` is its shorter side as it is shown."""
    shown = (header.width, header.height)
    if header.orientation >= _LYING:
        shown = (header.height, header.width)
    if options.center_crop:
        shown = (min(shown), min(shown))
    if options.resize:
        shorter = min(shown)
        shown = cast("tuple[int, int]", tuple(s * options.resize // shorter for s in shown))
    if max(shown) > LIMITS.max_side or shown[0] * shown[1] > LIMITS.max_pixels:
        raise TooManyPixels(f"the record would have {shown[0]} x {shown[1]} pixels")
    size = shown if header.orientation < _LYING else (shown[1], shown[0])
    return Window(size, centre=options.center_crop)


def _encoded(pixels: NDArray[np.uint8], options: Options) -> bytes:
    setting = [cv2.IMWRITE_JPEG_QUALITY, options.quality]
    if options.encoding == ".png":
        setting = [cv2.IMWRITE_PNG_COMPRESSION, min(options.quality, _BEST_PNG)]
    _, encoded = cv2.imencode(options.encoding, pixels, setting)
    return encoded.tobytes()
