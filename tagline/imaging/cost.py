"""What decoding an image would cost, held against the limits before anything is decoded."""

from dataclasses import dataclass

from tagline.imaging.errors import TooManyPixels, UndecodableImage
from tagline.imaging.headers.header import ImageHeader
from tagline.imaging.spec import Limits

# CPU seconds, measured on one core of AMD EPYC and rounded up (docs/benchmarks.md)
_A_BYTE = {"png": 6e-9, "webp": 3.5e-9, "jpeg": 4e-9}  # of decoded samples, by format
_A_STORED_PIXEL = 1.2e-9  # of each scan


@dataclass(frozen=True)
class Cost:
    """What decoding takes: pixels, bytes of samples and coefficients, and about how much CPU."""

    pixels: int
    memory: int
    seconds: float


def cost_of(header: ImageHeader, scale: int) -> Cost:
    """Return what decoding an image at 1/`scale` costs, by its depth, channels and scans."""
    stored = header.width * header.height
    pixels = -(-header.width // scale) * -(-header.height // scale)
    samples = pixels * header.pixel_bytes
    seconds = samples * _A_BYTE[header.format] + stored * header.scans * _A_STORED_PIXEL
    return Cost(pixels, samples + stored * header.stored_bytes, seconds)


def check_size(header: ImageHeader, limits: Limits) -> None:
    """Raise an ImageError when an image costs too much at any scale."""
    width, height = header.width, header.height
    if not width or not height:
        raise UndecodableImage(f"the {header.format} says it is {width} x {height} pixels")
    if max(width, height) > limits.max_side:
        raise TooManyPixels(
            f"{width} x {height} pixels; at most {limits.max_side} a side are taken"
        )
    if width * height * header.scans > limits.max_work:
        raise TooManyPixels(
            f"{width} x {height} pixels in {header.scans} scans; at most {limits.max_work} pixels "
            "in all scans together are taken"
        )
    if header.format != "jpeg":  # whose scale depends on what is wanted
        check_decoding(header, 1, limits)


def check_decoding(header: ImageHeader, scale: int, limits: Limits) -> Cost:
    """Return what an image costs at 1/`scale`; raise TooManyPixels when that is too much."""
    cost = cost_of(header, scale)
    if cost.pixels > limits.max_pixels or cost.memory > limits.max_memory:
        raise TooManyPixels(
            f"{header.width} x {header.height} pixels, of which {cost.pixels} are decoded in "
            f"{cost.memory} bytes; at most {limits.max_pixels} in {limits.max_memory} bytes are "
            "taken"
        )
    return cost
