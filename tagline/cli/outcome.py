"""How a run ended, in the terms of its status.json and metrics.json."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from tagline.cli.output import facts_table, number
from tagline.cli.records import RunRecord
from tagline.cli.target import Target
from tagline.formats.keys import RunKeys

FAILED = frozenset({"Failed", "RolledBack"})
_STYLES = {"Promoted": "green", "NotPromoted": "yellow", "Unchanged": "yellow"}


def outcome_facts(
    target: Target, record: RunRecord, execution: dict[str, Any] | None
) -> dict[str, Any]:
    """Return a run's outcome with the keys that --json prints.

    Where a run has left no status.json, its execution's own words stand in.
    """
    status = record.status or {}
    metrics = record.metrics or {}
    champion = metrics.get("champion") or {}
    state = (execution or {}).get("status")
    outcome = status.get("outcome")
    reason = status.get("reason")
    if outcome is None and state is not None:
        outcome = "Running" if state == "RUNNING" else "Failed"
        told = (execution or {}).get("error"), (execution or {}).get("cause")
        reason = ": ".join(str(part) for part in told if part) or None
    report = f"s3://{target.outputs.bucket}/{RunKeys(record.run).of('report.html')}"
    return {
        "run": record.run,
        "dataset": record.dataset,
        "outcome": outcome,
        "state": status.get("state"),
        "reason": reason,
        "mAP": metrics.get("mAP"),
        "baseline_map": metrics.get("baseline_map"),
        "champion_map": champion.get("mAP"),
        "started": status.get("started") or _moment((execution or {}).get("startDate")),
        "ended": status.get("ended") or _moment((execution or {}).get("stopDate")),
        "report": report if record.metrics else None,
    }


def _moment(value: datetime | None) -> str | None:
    """Return an execution's time as status.json writes times."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def outcome_table(facts: dict[str, Any], more: Mapping[str, object] | None = None) -> Table:
    """Return the outcome, and more facts below it, as a table."""
    return facts_table(
        {
            "Run": facts["run"],
            "Outcome": styled(facts["outcome"]),
            "State": facts["state"],
            "Reason": facts["reason"],
            "mAP": number(facts["mAP"]),
            "Baseline mAP": number(facts["baseline_map"]),
            "Champion's mAP": number(facts["champion_map"]),
            "Report": facts["report"],
            **(more or {}),
        }
    )


def styled(outcome: str | None) -> Text:
    """Return an outcome in its colour."""
    if outcome is None:
        return Text("unknown", style="dim")
    style = "red" if outcome in FAILED else _STYLES.get(outcome, "cyan")
    return Text(outcome, style=style)
