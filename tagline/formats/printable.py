"""Text that others wrote, made fit for a terminal."""

import re

# controls (C0, DEL, C1), marks that turn the direction of writing, line ends, lone surrogates
_MOVING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


_IN_JSON = re.compile(f"(?![\n\t]){_MOVING.pattern}")  # which no string of JSON holds as they are


def printable(text: object) -> str:
    """Return the text with each character that moves a terminal, or hides, as its escape."""
    return _MOVING.sub(lambda found: found[0].encode("unicode_escape").decode(), str(text))


def printable_lines(text: object) -> str:
    """Return the text line by line, each printable."""
    return "\n".join(map(printable, str(text).split("\n")))


def printable_json(text: str) -> str:
    """Return JSON that means the same, with each such character as JSON's own escape."""
    return _IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
