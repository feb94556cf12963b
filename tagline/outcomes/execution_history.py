"""Which state of an execution failed, and of what: read backwards from its history.

A Catch hands over the error but not the state's name; the history has both.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_PAGE = 1000
_MOST_EVENTS = 5000  # read backwards: the state that failed lies near the end
_ENDS = ("ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted")


class UnknownState(LookupError):
    """The history names no state that could have failed."""


def newest_events(client: "SFNClient", execution_arn: str) -> list[Mapping[str, Any]]:
    """Return the execution's newest events, newest first, at most 5,000."""
    pages = client.get_paginator("get_execution_history").paginate(
        executionArn=execution_arn,
        reverseOrder=True,
        includeExecutionData=False,
        PaginationConfig={"PageSize": _PAGE, "MaxItems": _MOST_EVENTS},
    )
    return [dict(event) for page in pages for event in page["events"]]


def failed_state(events: Iterable[Mapping[str, Any]], handlers: Iterable[str]) -> str:
    """Return the last state entered before those of `handlers`; events are newest first.

    Choices and passes have nothing that could fail in them, so the last task or map counts.
    Raises UnknownState.
    """
    passed_over = set(handlers)
    for event in events:
        if event["type"] not in ("TaskStateEntered", "MapStateEntered"):
            continue
        name = str(event["stateEnteredEventDetails"]["name"])
        if name not in passed_over:
            return name
    raise UnknownState("the execution's history names no task that could have failed")


def ended_with(events: Iterable[Mapping[str, Any]]) -> tuple[str, str]:
    """Return error and cause of an execution that ended badly; events are newest first."""
    for event in events:
        if event["type"] in _ENDS:
            kind = event["type"][0].lower() + event["type"][1:]
            details = event.get(f"{kind}EventDetails") or {}
            error = details.get("error") or event["type"].removeprefix("Execution")
            return error, details.get("cause") or ""
    return "", ""


def failed_child(client: "SFNClient", execution_arn: str) -> tuple[str, str, str] | None:
    """Return input, error and cause of a failed child of the execution's last map run, if any."""
    runs = client.list_map_runs(executionArn=execution_arn)["mapRuns"]
    for run in sorted(runs, key=lambda run: run["startDate"], reverse=True):
        failed = client.list_executions(
            mapRunArn=run["mapRunArn"], statusFilter="FAILED", maxResults=1
        )["executions"]
        for child in failed:
            found = client.describe_execution(executionArn=child["executionArn"])
            return found.get("input", ""), found.get("error", ""), found.get("cause", "")
    return None
