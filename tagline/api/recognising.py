"""What bytes are, going by their beginning: an image that is taken, or by name what is not."""

import re

_XML = rb"\s*(?:<\?xml[^>]*>\s*)?"
_AS_TEXT = "\ufffdPNG|\ufffd\ufffd\ufffd|\x89PNG|\xff\xd8\xff".encode()
_DAMAGED = (
    "an image that was sent as text, which damages it: declare image/png, image/jpeg, image/webp "
    "or application/octet-stream"
)
_SEND = "send a PNG, JPEG or WebP image"
_CAUSES = tuple(
    (re.compile(pattern, re.DOTALL), said)
    for pattern, said in (
        # \r and \n are gone
        (rb"\x89PNG\x1a", "a PNG without its line ends: with curl, --data-binary, not --data"),
        (_AS_TEXT, _DAMAGED),
        (rb"@", "a file's name: with curl, --data-binary @FILE sends its content"),
        (rb"data:[\w/+.-]*;base64,|iVBORw0KGgo|/9j/|UklGR",
         'base64: send the bytes themselves, or JSON: {{"image": "<base64>"}}'),
        (_XML + rb"<Error>.{0,200}?<Code>(\w{1,60})</Code>",
         "the error {} of S3, saved in place of an image"),
        (rb"version https://git-lfs", "a Git LFS pointer: run `git lfs pull`, then send the image"),
        (rb".{4}ftyp(?:hei|hev|mif1|msf1)", f"a HEIC image: {_SEND}"),
        (rb".{4}ftypavi[fs]", f"an AVIF image: {_SEND}"),
        (rb"GIF8[79]a", f"a GIF: {_SEND}"),
        (rb"BM.{4}\0\0\0\0", f"a BMP image: {_SEND}"),
        (rb"II\*\0|MM\0\*", f"a TIFF image: {_SEND}"),
        (_XML + rb"(?:<!--.{0,400}?-->\s*)?<svg", f"an SVG drawing: {_SEND}"),
        (rb"%PDF", f"a PDF: {_SEND}"),
        (rb"(?i)\s*<(?:!doctype html|html)", f"an HTML page: {_SEND}"),
    )
)  # fmt: skip
_BEGINNING = 1024


def image_type(data: bytes) -> str | None:
    """Return the media type the first bytes tell: PNG, JPEG, WebP, or None."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def usual_cause(data: bytes) -> str | None:
    """Return a sentence on what bytes are that are no image, and what to do; None if unknown."""
    for pattern, said in _CAUSES:
        if found := pattern.match(data[:_BEGINNING]):
            return f"is {said.format(*(group.decode() for group in found.groups()))}"
    return None
