"""How a run ended, in the terms of its status.json and metrics.json."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import typer
from rich.table import Table
from rich.text import Text

from tagline.cli.output import emit, facts_table, number, print_json, say
from tagline.cli.records import RunRecord
from tagline.cli.target import Target
from tagline.formats.costs import Cost
from tagline.formats.document import Record
from tagline.formats.keys import RunKeys
from tagline.formats.kinds import KIND_OF_METRIC, METRIC_SAID, Kind
from tagline.formats.models import Metrics
from tagline.formats.outcomes import Outcome
from tagline.formats.rows import Side
from tagline.serving.figures import figures

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef

FAILED = frozenset({Outcome.FAILED, Outcome.ROLLED_BACK})
RUNNING = "Running"  # the one "outcome" of a run that goes on
_UNREADABLE = "Unreadable"  # that of a run whose status.json is damaged
_STYLES = {"Promoted": "green", "Tagged": "green", "NotPromoted": "yellow", "Unchanged": "yellow"}


class RunOutcome(Record, kw_only=True):
    """How a run ended, with the keys that --json prints."""

    run: str
    dataset: str
    outcome: str | None
    state: str | None
    """That decided how it ended; of one that goes on, that it is in."""
    epoch: int | None = None
    """While it goes on: the last that training ended, of `epochs`."""
    epochs: int | None = None
    reason: str | None
    mAP: float | None  # noqa: N815 - the files' name for it
    judged_on: Side | None
    """The side of the split that the mAP is about."""
    baseline_map: float | None
    champion_map: float | None
    metric: str = "mAP"
    """The primary metric, which the gate compares."""
    value: float | None = None
    """Of the primary metric; null for a run without a model."""
    baseline: float | None = None
    """What label frequencies, or popularity, reach of it."""
    champion_value: float | None = None
    """The champion's of that time, on the same images or for the same users."""
    compared: str | None = None
    """The run that was champion then, and was judged beside it."""
    gain: float | None = None
    """The value less the champion's of that time, on the same images or for the same users."""
    started: str | None
    ended: str | None
    report: str | None
    """S3 URI."""
    cost: Cost | None


def run_outcome(
    target: Target, record: RunRecord, execution: "DescribeExecutionOutputTypeDef | None"
) -> RunOutcome:
    """Return how a run ended; without a status.json its execution's own words stand in."""
    status, found = record.status, record.metrics and figures(record.metrics)
    metrics = record.metrics if isinstance(record.metrics, Metrics) else None
    champion = metrics.champion if metrics else None
    outcome: str | None = status.outcome if status else None
    reason = status.reason if status else None
    if status is None and execution is not None:
        outcome = RUNNING if execution["status"] == "RUNNING" else Outcome.FAILED
        told = execution.get("error"), execution.get("cause")
        reason = ": ".join(part for part in told if part) or None
    if record.problem is not None:
        outcome = outcome if status or outcome == RUNNING else _UNREADABLE
        reason = "; ".join(filter(None, (reason, record.problem)))
    began = execution.get("startDate") if execution else None
    stopped = execution.get("stopDate") if execution else None
    return RunOutcome(
        run=record.run,
        dataset=record.dataset,
        outcome=outcome,
        state=status.state if status else None,
        reason=reason,
        mAP=metrics.mAP if metrics else None,
        judged_on=record.metrics.judged_on if record.metrics else None,
        baseline_map=metrics.baseline_map if metrics else None,
        champion_map=champion.mAP if champion else None,
        metric=found.metric if found else "mAP",
        value=found.value if found else None,
        baseline=found.baseline if found else None,
        champion_value=found.champion if found else None,
        compared=(found.champion_run or None) if found else None,
        gain=found.gain if found else None,
        started=status.started if status else _moment(began),
        ended=status.ended if status else _moment(stopped),
        report=target.bucket.uri(RunKeys(record.run).report) if found else None,
        cost=status.cost if status else None,
    )


def _moment(value: datetime | None) -> str | None:
    """Return an execution's time as status.json writes times."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def outcome_table(ended: RunOutcome, more: Mapping[str, object] | None = None) -> Table:
    """Return the outcome, and more facts below it, as a table."""
    said = METRIC_SAID[ended.metric]
    return facts_table(
        {
            "Run": ended.run,
            "Outcome": styled(ended.outcome),
            "State": going(ended) or ended.state,
            "Reason": ended.reason,
            said: _value_said(ended),
            f"Baseline {said}": number(ended.baseline) if ended.value is not None else None,
            f"Champion's {said}": number(ended.champion_value),
            "Report": ended.report,
            **(more or {}),
        }
    )


def tell_end(ended: RunOutcome, *, as_json: bool, more: Mapping[str, object] | None = None) -> None:
    """Print how a run that was waited for ended; exit code 1 if it failed.

    `more` comes before its keys in JSON.
    """
    if as_json:
        print_json(dict(more or {}) | msgspec.to_builtins(ended))
    else:
        emit(outcome_table(ended))
        say_next(ended)
    if ended.outcome in FAILED:
        raise typer.Exit(1)


def say_next(ended: RunOutcome) -> None:
    """Say what a person can do where the gate decided against a run."""
    if ended.outcome == Outcome.NOT_PROMOTED:
        looks = f"tagline show {ended.run} --open"
        if ended.compared:
            looks = f"{looks}, tagline compare {ended.compared} {ended.run}"
        say(f"next: {looks}: what it does better and worse")
        say(f'      tagline promote {ended.run} --why "…" overrules the gate, if you know better')


def _value_said(ended: RunOutcome) -> str | None:
    if ended.value is None:
        return None
    cases = "images" if KIND_OF_METRIC[ended.metric] is Kind.IMAGES else "users"
    return f"{number(ended.value)} on the {ended.judged_on} {cases}"


def going(run: RunOutcome) -> str | None:
    """Return what a run that goes on is doing, in words; None of one that ended."""
    if run.outcome != RUNNING or run.state is None:
        return None
    of = f" of {run.epochs}" if run.epochs else ""
    return f"{run.state}, epoch {run.epoch}{of}" if run.epoch else run.state


def styled(outcome: str | None) -> Text:
    """Return an outcome in its colour."""
    if outcome is None:
        return Text("unknown", style="dim")
    style = "red" if outcome in FAILED else _STYLES.get(outcome, "cyan")
    return Text(outcome, style=style)
