"""Runs as a table that fits the terminal: names whole, columns of less weight left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Group
from rich.text import Text

from tagline.cli.listed import ListedRun
from tagline.cli.outcome import RunOutcome, going, styled
from tagline.cli.output import number, rows_table, seconds, table_width
from tagline.formats.kinds import METRIC_SAID

_AGAINST = "Against champion"


@dataclass(frozen=True)
class _Layout:
    """What a table shows beside run and outcome, from the last column on the least of it."""

    columns: int
    close: bool = True
    """Times without year and seconds, headings and outcomes on more lines."""


_LAYOUTS = (_Layout(6, close=False), *(_Layout(count) for count in range(6, 0, -1)))


def runs_table(shown: Sequence[ListedRun], width: int) -> Group:
    """Return runs as people read them, with as many columns as `width` characters have room for."""
    metrics = {run.metric for run in shown if run.value is not None} or {"mAP"}
    column = METRIC_SAID[metrics.pop()] if len(metrics) == 1 else "Metric"
    for layout in _LAYOUTS:
        table = _laid_out(shown, column, layout)
        if table_width(table) <= width:
            break
    return table


def moment(text: str | None) -> datetime:
    """Return a time given as ISO 8601; the distant past for none."""
    if text is None:
        return datetime.min.replace(tzinfo=UTC)
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def took(run: RunOutcome) -> str | None:
    """Return how long a run took, or has taken so far."""
    if not run.started:
        return None
    ended = moment(run.ended) if run.ended else datetime.now(UTC)
    return seconds(max(0.0, (ended - moment(run.started)).total_seconds()))


def _laid_out(shown: Sequence[ListedRun], column: str, layout: _Layout) -> Group:
    against = _AGAINST.replace(" ", "\n") if layout.close else _AGAINST
    columns = ("Run", "Outcome", f">{column}", f">{against}", "Started", ">Took")[: layout.columns]
    rows = (_row(run, layout, named=column == "Metric") for run in shown)
    return rows_table(columns, rows, title="Runs", whole=columns)


def _row(run: ListedRun, layout: _Layout, *, named: bool) -> Sequence[object]:
    value, form = number(run.value), "%m-%d %H:%M" if layout.close else "%Y-%m-%d %H:%M:%S"
    if named and run.value is not None:
        value = ("\n" if layout.close else " ").join((METRIC_SAID[run.metric], str(value)))
    cells = (
        run.run,
        _outcome(run, layout),
        value,
        None if run.gain is None else f"{run.gain:+.4f}",
        f"{moment(run.started):{form}}" if run.started else None,
        took(run),
    )
    if layout.columns == 1:  # the outcome then has its line below the name
        said = ", ".join(_outcome(run, layout).plain.splitlines())
        return (f"{run.run}\n  {said}",)
    return cells[: layout.columns]


def _outcome(run: ListedRun, layout: _Layout) -> Text:
    """Return an outcome, and below it what holds now."""
    outcome, state = styled(run.outcome), going(run)
    marks = (
        state.replace(", ", "\n") if state and layout.close else state,
        "candidate" if run.tried else None,
        "rolled back" if run.rolled_back else None,
        "serves now" if run.serving else None,
    )
    return Text("\n".join((outcome.plain, *filter(None, marks))), style=outcome.style)
