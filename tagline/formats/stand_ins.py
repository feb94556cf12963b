"""What lies in a file in place of what was wanted, by its first bytes, and the cure."""

import re
from codecs import BOM_UTF8

_LFS = b"version https://git-lfs.github.com/spec/"
_HTML = re.compile(rb"\s*(?:<!--[^>]*>\s*)?<(?:!doctype html|html|head|body)\b", re.IGNORECASE)
_ERROR = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?<Error\b[^>]*>(?:.*?<Code>(\w{1,60})</Code>)?", re.DOTALL
)
_AS_TEXT = "an image that was saved as text, which damages it; copy it again as binary data"
_BASE64 = "an image as base64 text; decode it first"
_IMAGES = tuple(
    (re.compile(pattern, re.DOTALL), said)
    for pattern, said in (
        (rb"\s*[\"']?(?:data:[\w/+.-]*[;,]|iVBORw0KGgo|/9j/|_9j_|UklGR)", _BASE64),
        (
            rb"\s*(?:0x)?(?:89504[eE]47|[fF][fF][dD]8[fF][fF]|52494646)",
            "an image as hexadecimal text",
        ),
        ("(?:\ufffd|\x89)PNG|(?:\ufffd){3}|\xff\xd8\xff".encode(), _AS_TEXT),
        (rb"RIFF.{4,12}WEBP", _AS_TEXT),
        (rb"\x89PNG", "a PNG whose line ends were changed; copy it again as binary data"),
        (rb"b[\"']\\x", "a text of Python about an image's bytes"),
        (rb"(?:\xef\xbb\xbf|\s)+(?:\x89PNG|\xff\xd8\xff|RIFF)", "an image with text before it"),
        (rb"\0\x05\x16\x07", "what macOS stores beside a file (its name begins with ._)"),
        (rb"--[^\r\n]{1,70}\r?\nContent-", "a form that was uploaded with its file inside"),
        (rb"\s*[{\[]", "JSON"),
    )
)


def stand_in(start: bytes) -> str | None:
    """Return what a text is that came instead of the wanted one, and the cure; else None.

    `start` are its first bytes.
    """
    start = start.removeprefix(BOM_UTF8)
    if start.startswith(_LFS):
        return "a Git LFS pointer, not what it stands for; run `git lfs pull` and upload it again"
    if error := _ERROR.match(start):
        code = f" ({error[1].decode()})" if error[1] else ""
        return f"S3's answer to a request that failed{code}; download the file again"
    if _HTML.match(start):
        return "a web page (HTML), perhaps a sign-in or an error; download the file again"
    return None


def image_stand_in(start: bytes) -> str | None:
    """Return what came instead of a PNG, JPEG or WebP image, and the cure; None if unknown.

    `start` are the first bytes of what is none of these.
    """
    found = (said for pattern, said in _IMAGES if pattern.match(start))
    return stand_in(start) or next(found, None)
