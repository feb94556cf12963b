"""Data on stdout, everything else on stderr; no styles on either under NO_COLOR.

Whatever is printed goes through here, where what would move the terminal is escaped.
"""

import json
import os
from collections.abc import Iterable, Mapping
from textwrap import fill
from typing import Any

import typer
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from tagline.formats.printable import printable, printable_json, printable_lines


def console(**given: Any) -> Console:
    """Return a console that prints what it is given, and no styles at all under NO_COLOR."""
    if os.environ.get("NO_COLOR"):
        given["color_system"] = None  # rich would keep bold and dim
    return Console(highlight=False, markup=False, emoji=False, **given)


OUT, ERR = console(), console(stderr=True)
# in a pipe no terminal says how wide a line may be: nothing is cut
_PIPE = console(width=240)
_BROAD = console(width=10_000)
_HOURS = 4 * 3600  # seconds, from which a duration is told in hours


def print_json(data: object) -> None:
    """Print data as JSON on stdout."""
    typer.echo(printable_json(json.dumps(data, indent=2, ensure_ascii=False, default=str)))


def say(message: str, style: str | None = None, indent: str = "") -> None:
    """Print a progress or advice line on stderr; `indent` goes before what a terminal wraps."""
    text = printable(message)
    if indent and ERR.is_terminal:
        text = fill(text, ERR.width, subsequent_indent=indent, break_on_hyphens=False)
    ERR.print(text, style=style, soft_wrap=True)


def complain(message: str) -> None:
    """Print what is wrong as one line on stderr."""
    say(f"tagline: {message}", style="red")


def explain(renderable: RenderableType) -> None:
    """Print a table on stderr."""
    ERR.print(renderable)


def emit(renderable: RenderableType) -> None:
    """Print a table or text on stdout."""
    console = OUT if OUT.is_terminal else _PIPE
    console.print(printable_lines(renderable) if isinstance(renderable, str) else renderable)


def width() -> int:
    """Return how many characters a line on stdout may have."""
    return (OUT if OUT.is_terminal else _PIPE).width


def table_width(table: RenderableType) -> int:
    """Return how many characters a table needs with nothing of it broken."""
    return _BROAD.measure(table).maximum


def facts_table(facts: Mapping[str, object]) -> Table:
    """Return a two-column table of names and values, leaving out values that are None."""
    table = Table(show_header=False)
    table.add_column("fact", style="bold", no_wrap=True)
    table.add_column("value", overflow="fold")
    for name, value in facts.items():
        if value is not None:
            table.add_row(name, _cell(value))
    return table


def rows_table(
    columns: Iterable[str], rows: Iterable[Iterable[Any]], title: str, whole: Iterable[str] = ()
) -> Group:
    """Return a table under its title; columns named `>name` are aligned right.

    Those named in `whole` are never broken, however narrow the terminal is.
    """
    table = Table()
    for column in columns:
        right = column.startswith(">")
        table.add_column(
            column.removeprefix(">"),
            justify="right" if right else "left",
            overflow="fold",
            no_wrap=column in whole,
        )
    for row in rows:
        table.add_row(*map(_cell, row))
    return Group(Text(printable(title), style="bold"), table)


def number(value: object) -> str | None:
    """Return a score with four decimals, or None where there is none."""
    return f"{value:.4f}" if isinstance(value, int | float) else None


def money(value: float | None, currency: str = "USD") -> str | None:
    """Return a price; cents, or four digits of less than one."""
    if value is None:
        return None
    return f"{value:,.2f} {currency}" if value >= 1 or value == 0 else f"{value:.4f} {currency}"


def seconds(value: float) -> str:
    """Return a duration as people read it: 4.2 s, 3 min 05 s, 30 h 20 min."""
    if value < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{value:.1f} s"
    if value >= _HOURS:
        hours, rest = divmod(round(value / 60), 60)
        return f"{hours:,} h {rest:02d} min"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest:02d} s"


def _cell(value: object) -> Text:
    style = value.style if isinstance(value, Text) else ""
    return Text("" if value is None else printable_lines(value), style=style)
