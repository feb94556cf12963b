"""Pieces of HTML that several sections are made of."""

import math
from collections.abc import Sequence
from html import escape

from tagline.formats.rows import Verdict

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
_LONGEST_PATH = 120  # characters shown of it, its end for preference


def number(value: float, form: str = ".3f") -> str:
    """Return a number as it is shown; a dash for what is not one."""
    return DASH if math.isnan(value) else format(value, form).replace("-", MINUS)


def scrolling(name: str, content: str, *, panel: bool = True) -> str:
    """Return what scrolls sideways where it must, from the keyboard too."""
    kind = "panel scroll" if panel else "scroll"
    return f'<div class="{kind}" tabindex="0" role="region" aria-label="{name}">{content}</div>'


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], kind: str = "") -> str:
    """Return a table of cells that are HTML already."""
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def path_of(row: Verdict) -> str:
    """Return a row's path, escaped, shortened at its beginning where it is long."""
    path = row.path or ""
    return escape(path if len(path) <= _LONGEST_PATH else f"…{path[-_LONGEST_PATH:]}")


def where(row: Verdict) -> str:
    """Return which row of the list it is, escaped."""
    return f"line {row.line}, id {row.id}, {path_of(row)}"
