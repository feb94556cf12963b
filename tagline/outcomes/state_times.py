"""From an execution's history to what a person wants to see: the states, in order, with times."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

Status = Literal["running", "done", "failed"]
_SHOWN = ("TaskState", "MapState", "ParallelState")  # choices and waits are the flow's own affair
_FAILURES = ("TaskFailed", "TaskTimedOut", "LambdaFunctionFailed", "LambdaFunctionTimedOut",
             "MapRunFailed", "MapStateFailed", "TaskSubmitFailed", "TaskStartFailed")  # fmt: skip
_ATTEMPTS = ("TaskScheduled", "LambdaFunctionScheduled")
_NOTHING_TO_DO = "ApplicationAutoScaling.ObjectNotFoundException"  # nothing scales there


@dataclass(frozen=True)
class State:
    """One state of a run; a state that is entered again, such as a wait's check, stays one."""

    name: str
    status: Status
    entered: datetime
    ended: datetime | None = None
    attempts: int = 0
    error: str | None = None


def follow(events: "Iterable[HistoryEventTypeDef]") -> list[State]:
    """Return the states of a history (GetExecutionHistory's events, oldest first) as entered.

    A state whose failure the flow catches counts as failed; one that is retried and then
    succeeds counts as done.
    """
    states: dict[str, State] = {}
    current: str | None = None
    for event in events:
        kind: str = event["type"]
        if kind.endswith("StateEntered"):
            name = event["stateEnteredEventDetails"]["name"]
            current = name if kind.startswith(_SHOWN) else None
            if current is not None:
                known = states.get(name)
                states[name] = (
                    replace(known, status="running", ended=None, attempts=0)
                    if known
                    else State(name, "running", event["timestamp"])
                )
        elif current is not None:
            states[current] = _advance(states[current], kind, event)
            if kind.endswith("StateExited") or kind.startswith("Execution"):
                current = None
    return list(states.values())


def _advance(state: State, kind: str, event: "HistoryEventTypeDef") -> State:
    if kind in _ATTEMPTS:
        return replace(state, attempts=state.attempts + 1, error=None)
    if kind in _FAILURES:
        told = _told(event)
        return state if told.startswith(_NOTHING_TO_DO) else replace(state, error=told)
    if kind.endswith("StateExited"):
        status: Status = "failed" if state.error else "done"
        return replace(state, status=status, ended=event["timestamp"])
    if kind in {"ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"}:
        return replace(
            state, status="failed", ended=event["timestamp"], error=state.error or _told(event)
        )
    return state


def _told(event: "HistoryEventTypeDef") -> str:
    """Return the error name and cause of a failure event."""
    for key, details in event.items():
        if key.endswith("EventDetails") and isinstance(details, dict):
            parts = (details.get("error"), details.get("cause"))
            return ": ".join(str(part) for part in parts if part) or event["type"]
    return str(event["type"])
