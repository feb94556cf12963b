"""The page as an answer: the browser may run what the file itself holds, and nothing else."""

import base64
import hashlib
import re

from tagline.api.problem import Answer


def page_answer(html: str) -> Answer:
    """Return `html` under a policy that allows its own inline script and style by their hashes.

    The page may fetch from its own origin and show images the person chose (blob URLs).
    """
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hashes('script', html)}",
            f"style-src {_hashes('style', html)}",
            "img-src blob: data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": policy}
    return Answer(html, "text/html; charset=utf-8", headers=headers)


def _hashes(element: str, html: str) -> str:
    inline = re.findall(rf"<{element}>(.*?)</{element}>", html, re.DOTALL)
    digests = (hashlib.sha256(text.encode()).digest() for text in inline)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
