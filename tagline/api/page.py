"""The page's files as answers: the browser may run what lies beside the page, and nothing else."""

import base64
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from tagline.api.problem import Answer, not_found

INDEX = "index.html"
# A browser keeps a file and asks by its ETag: a new release's modules never meet an old one's.
_KEPT = "public, no-cache"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}


def page_answer(folder: Path, others: Sequence[str] = (), images: str = "") -> Answer:
    """Return the page of a folder under a policy that allows its files and its own inline script.

    It may fetch from its own origin and from those of `others`, and show images that the person
    chose (blob URLs), that answers hold (data URLs) or link to, at the origin `images`.
    """
    html = (folder / INDEX).read_text(encoding="utf-8")
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {_hashes('script', html)}",
            "style-src 'self'",
            f"img-src blob: data: {images}".rstrip(),
            " ".join(("connect-src 'self'", *others)),
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": policy}
    return Answer(html, "text/html; charset=utf-8", headers=headers)


def file_answer(folder: Path, name: str) -> Answer:
    """Return one of the files that the page loads, or raise a 404."""
    found = {file.name: file for file in folder.iterdir() if file.suffix in _TYPES}.get(name)
    if found is None:
        raise not_found("unknown_file", f"The page has no file {name[:60]!r}.")
    text = found.read_text(encoding="utf-8")
    return Answer(text, _TYPES[found.suffix], headers={"Cache-Control": _KEPT})


def _hashes(element: str, html: str) -> str:
    inline = re.findall(rf"<{element}>(.*?)</{element}>", html, re.DOTALL)
    digests = (hashlib.sha256(text.encode()).digest() for text in inline)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
