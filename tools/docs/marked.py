"""A page of which one part is made: between two marks, the rest as people wrote it."""

from pathlib import Path

_BEGIN, _END = "<!-- made by `make docs`: begin -->\n", "<!-- end -->\n"


def with_made(page: Path, made: str) -> str:
    """Return the page's text with what is between its marks made again."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}{made}{_END}{after}"
