"""Which of what drifted is told now: each once an onset, later ones together once a day."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from tagline.formats.drift import HOUR, DriftReport, DriftState

_AGAIN = timedelta(days=1)  # between two messages on a dataset that goes on drifting


def drifting(report: DriftReport) -> set[str]:
    """Return the names of what drifted: `label <name>` or `files <property>`."""
    if report.verdict != "drifted":
        return set()
    labels = {
        f"label {each.label}" for each in report.labels if each.scores.drifted or each.rate.drifted
    }
    return labels | {f"files {each.what}" for each in report.inputs if each.shift.drifted}


def news(state: DriftState, report: DriftReport, now: datetime) -> tuple[DriftState, set[str]]:
    """Return the state after a report, and what of it is to be told now; nothing, most times.

    What was told is not told again before it was gone for a whole window. A state of another
    champion knows of nothing.
    """
    hour = now.strftime(HOUR)
    forget = (now - timedelta(hours=report.window_hours)).strftime(HOUR)
    same = state.run == report.run
    told = {name: at for name, at in state.told.items() if same and at > forget}
    found = drifting(report)
    told |= {name: hour for name in found if name in told}
    fresh = found - told.keys()
    lately = (
        same and bool(told) and state.told_at is not None and _since(state.told_at, now) < _AGAIN
    )
    due = set() if lately else fresh
    after = replace(
        state,
        hour=hour,
        run=report.run,
        told=told | dict.fromkeys(due, hour),
        told_at=_text(now) if due else state.told_at,
    )
    return after, due


def may_retrain(state: DriftState, now: datetime) -> bool:
    """Tell whether a day went by since a run was last started because of drift."""
    return state.retrained_at is None or _since(state.retrained_at, now) >= _AGAIN


def named(found: Iterable[str], what: str) -> list[str]:
    """Return the names without their kind, of one kind, in order."""
    return sorted(name.removeprefix(f"{what} ") for name in found if name.startswith(f"{what} "))


def _since(text: str, now: datetime) -> timedelta:
    return now - datetime.fromisoformat(text)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
