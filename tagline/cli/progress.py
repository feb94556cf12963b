"""The states of a run while it runs: a live table on a terminal, plain lines elsewhere."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Self

from rich.console import RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from tagline.cli.output import ERR, say, seconds
from tagline.formats.printable import printable
from tagline.outcomes.state_times import State

_MARKS = {"done": ("✓", "green"), "failed": ("✗", "red")}


@dataclass
class Progress:
    """Shows states with their details; use as a context manager and call `update`."""

    _live: Live | None = None
    _spinners: dict[str, Spinner] = field(default_factory=dict)
    _said: dict[str, tuple[str, str | None]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        if ERR.is_terminal:
            self._live = Live(console=ERR, refresh_per_second=8)
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self, states: Sequence[State], details: dict[str, str]) -> None:
        """Show the present states; `details` holds a line for those that have one."""
        if self._live is not None:
            self._live.update(self._table(states, details))
            return
        for state in states:
            now = (f"{state.status}{state.attempts}", details.get(state.name))
            if self._said.get(state.name) != now:
                self._said[state.name] = now
                say(plain_line(state, details.get(state.name)))

    def _table(self, states: Sequence[State], details: dict[str, str]) -> Table:
        table = Table.grid(padding=(0, 2))
        for state in states:
            table.add_row(
                self._mark(state),
                printable(state.name),
                Text(_took(state), style="cyan"),
                Text(printable(_detail(state, details.get(state.name))), style="dim"),
            )
        return table

    def _mark(self, state: State) -> RenderableType:
        if state.status == "running":
            return self._spinners.setdefault(state.name, Spinner("dots"))
        mark, style = _MARKS[state.status]
        return Text(mark, style=style)


def plain_line(state: State, detail: str | None) -> str:
    """Return a state as one line without colour or movement."""
    mark = _MARKS[state.status][0] if state.status in _MARKS else "…"
    took = f"  {_took(state)}" if state.ended else ""
    told = _detail(state, detail)
    return f"{mark} {state.name}{took}{f'  {told}' if told else ''}"


def _detail(state: State, detail: str | None) -> str:
    parts = [detail] if detail else []
    if state.status == "running" and state.attempts > 1:
        parts.append(f"attempt {state.attempts}")
    if state.status == "failed" and state.error:
        parts.append(" ".join(state.error.split())[:200])
    return ", ".join(parts)


def _took(state: State) -> str:
    if state.ended is not None:
        return seconds(max(0.0, (state.ended - state.entered).total_seconds()))
    return seconds(max(0.0, time.time() - _epoch(state.entered)))


def _epoch(moment: datetime) -> float:
    return moment.timestamp()
