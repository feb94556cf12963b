"""Which state of an execution failed, and of what: read backwards from its history.

The notice of an execution's end names the error but not the state; the history has both.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from tagline.formats.document import decode_record
from tagline.formats.steps import Caught, MapInput

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

_PAGE = 1000
_MOST_EVENTS = 5000  # read backwards: the state that failed lies near the end
_WORKING = ("TaskStateEntered", "MapStateEntered")
_AGAIN = "ExecutionRedriven"
_ENDS = ("ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted")


class UnknownState(LookupError):
    """The history names no state that could have failed."""


class FailedChild(NamedTuple):
    """What a child of a Map was given, and the error it failed with."""

    given: MapInput
    error: Caught


def newest_events(client: "SFNClient", execution_arn: str) -> list["HistoryEventTypeDef"]:
    """Return the execution's newest events, newest first, at most 5,000."""
    pages = client.get_paginator("get_execution_history").paginate(
        executionArn=execution_arn,
        reverseOrder=True,
        includeExecutionData=False,
        PaginationConfig={"PageSize": _PAGE, "MaxItems": _MOST_EVENTS},
    )
    return [event for page in pages for event in page["events"]]


def failed_state(events: Iterable["HistoryEventTypeDef"], handlers: Iterable[str]) -> str:
    """Return the last state entered before those of `handlers`; events are newest first.

    Choices and passes have nothing that could fail in them, so the last task or map counts.
    Raises UnknownState.
    """
    passed_over = set(handlers)
    for event in events:
        if event["type"] not in _WORKING:
            continue
        name = event["stateEnteredEventDetails"]["name"]
        if name not in passed_over:
            return name
    raise UnknownState("the execution's history names no task that could have failed")


def entered(events: Iterable["HistoryEventTypeDef"]) -> set[str]:
    """Return the names of the tasks and maps that were begun."""
    return {
        event["stateEnteredEventDetails"]["name"] for event in events if event["type"] in _WORKING
    }


def stopped_in(events: Iterable["HistoryEventTypeDef"]) -> str | None:
    """Return the state of any kind that was entered and not left; events are newest first.

    A redriven execution goes on from there.
    """
    for event in events:
        if event["type"].endswith("StateExited"):
            return None
        if event["type"].endswith("StateEntered"):
            return event["stateEnteredEventDetails"]["name"]
    return None


def redrives(events: Iterable["HistoryEventTypeDef"]) -> int:
    """Return how often the execution was redriven, as far back as its events go."""
    return sum(event["type"] == _AGAIN for event in events)


def was_redriven(events: Iterable["HistoryEventTypeDef"]) -> bool:
    """Tell whether the execution goes on after it ended badly; events are newest first."""
    turns = (event["type"] for event in events if event["type"] in {*_ENDS, _AGAIN})
    return next(turns, None) == _AGAIN


def ended_with(events: Iterable["HistoryEventTypeDef"]) -> Caught:
    """Return error and cause of an execution that ended badly; events are newest first."""
    for event in events:
        if event["type"] in _ENDS:
            details = (
                event.get("executionFailedEventDetails")
                or event.get("executionTimedOutEventDetails")
                or event.get("executionAbortedEventDetails")
                or {}
            )
            error = details.get("error") or event["type"].removeprefix("Execution")
            return Caught(error=error, cause=details.get("cause") or "")
    return Caught(error="")


def failed_child(client: "SFNClient", execution_arn: str) -> FailedChild | None:
    """Return a failed child of the execution's last map run, if there is one."""
    runs = client.list_map_runs(executionArn=execution_arn)["mapRuns"]
    for run in sorted(runs, key=lambda run: run["startDate"], reverse=True):
        failed = client.list_executions(
            mapRunArn=run["mapRunArn"], statusFilter="FAILED", maxResults=1
        )["executions"]
        for child in failed:
            arn = child["executionArn"]
            found = client.describe_execution(executionArn=arn)
            given = (found.get("input") or "{}").encode()
            return FailedChild(
                decode_record(given, MapInput, f"the input of {arn}"),
                Caught(error=found.get("error", ""), cause=found.get("cause", "")),
            )
    return None
