"""What decoding an image would cost, held against the limits before anything is decoded."""

from tagline.imaging.errors import TooManyPixels, UndecodableImage
from tagline.imaging.headers.header import ImageHeader
from tagline.imaging.spec import Limits


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


def check_decoding(header: ImageHeader, scale: int, limits: Limits) -> None:
    """Raise TooManyPixels when an image costs too much at 1/`scale`."""
    width, height = header.width, header.height
    decoded = -(-width // scale) * -(-height // scale)
    memory = decoded * header.pixel_bytes + width * height * header.stored_bytes
    if decoded > limits.max_pixels or memory > limits.max_memory:
        raise TooManyPixels(
            f"{width} x {height} pixels, of which {decoded} are decoded in {memory} bytes; "
            f"at most {limits.max_pixels} in {limits.max_memory} bytes are taken"
        )
