"""From the first bytes to the header: what the file is, before a decoder sees it.

Only PNG, JPEG and WebP pass. Everything else is refused by name: TIFF, JPEG 2000 and the like have
decoders with a long history of flaws, and none of them is a format that designs are published in.
"""

from tagline.formats.stand_ins import image_stand_in
from tagline.imaging.errors import UnsupportedImage
from tagline.imaging.headers import jpeg, png, webp
from tagline.imaging.headers.header import ImageHeader

_STARTS = (
    (b"GIF8", "a GIF"),
    (b"BM", "a BMP"),
    (b"II*\0", "a TIFF"),
    (b"MM\0*", "a TIFF"),
    (b"II+\0", "a BigTIFF"),
    (b"MM\0+", "a BigTIFF"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 image"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL image"),
    (b"\xff\x0a", "a JPEG XL image"),
    (b"8BPS", "a Photoshop document"),
    (b"%PDF", "a PDF"),
    (b"%!PS", "a PostScript file"),
    (b"\0\0\1\0", "an icon"),
    (b"PK\3\4", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"v/1\1", "an OpenEXR image"),
)
_BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), "an AVIF"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), "a HEIC"),
}

_TEXTS = ((b"<svg", "an SVG"), (b"<html", "an HTML page"), (b"<!doctype html", "an HTML page"))


def read_header(data: bytes) -> ImageHeader:
    """Return the header of a PNG, JPEG or WebP; raise an ImageError for anything else."""
    if data.startswith(png.SIGNATURE):
        return png.read_header(data)
    if data.startswith(jpeg.SIGNATURE):
        return jpeg.read_header(data)
    if webp.is_webp(data):
        return webp.read_header(data)
    raise UnsupportedImage(f"{_looks_like(data)}; PNG, JPEG and WebP are supported")


def _looks_like(data: bytes) -> str:
    for start, name in _STARTS:
        if data.startswith(start):
            return f"this is {name}"
    if data[4:8] == b"ftyp":
        brands = (data[at : at + 4] for at in range(8, min(int.from_bytes(data[:4]), 256), 4))
        found = (_BRANDS[brand] for brand in brands if brand in _BRANDS)
        return f"this is {next(found, 'a HEIF or video file')}"
    text = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for mark, name in _TEXTS:
        if text.startswith(mark) or (text.startswith(b"<?xml") and mark in text):
            return f"this is {name}"
    return f"this is {image_stand_in(data[:1024]) or 'no image of a known format'}"
