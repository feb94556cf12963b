"""Follow a run from the moment its list was dropped to its end."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tagline.aws.faults import error_code
from tagline.cli.errors import Refused
from tagline.cli.jobs import JobDetails
from tagline.cli.output import say
from tagline.cli.progress import Progress
from tagline.cli.target import Target, is_laptop
from tagline.outcomes.state_times import State, follow

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.type_defs import (
        DescribeExecutionOutputTypeDef,
        HistoryEventTypeDef,
    )

START_SECONDS = 120  # events are delivered in seconds; more means that the rule or Lambda failed
_LAPTOP_INTERVAL = 0.5
_ACCOUNT_INTERVAL = 3.0  # GetExecutionHistory allows 5 calls a second, for everybody together
_NO_EXECUTION = "ExecutionDoesNotExist"


def execution_arn(target: Target, run: str) -> str:
    """Return the ARN of a run's execution: the run's name is the execution's."""
    return f"{target.outputs.state_machine.replace(':stateMachine:', ':execution:')}:{run}"


def describe(target: Target, run: str) -> "DescribeExecutionOutputTypeDef | None":
    """Return the run's execution (DescribeExecution), or None where there is none (yet)."""
    try:
        return target.states.describe_execution(executionArn=execution_arn(target, run))
    except ClientError as exc:
        if error_code(exc) == _NO_EXECUTION:
            return None
        raise


def watch(
    target: Target, run: str, *, start_seconds: float = START_SECONDS
) -> "DescribeExecutionOutputTypeDef":
    """Show a run's progress until it ends and return its execution (DescribeExecution).

    Raises Refused when the execution does not start within `start_seconds`.
    """
    interval = _LAPTOP_INTERVAL if is_laptop(target.endpoint) else _ACCOUNT_INTERVAL
    _wait_for_start(target, run, start_seconds, interval)
    arn = execution_arn(target, run)
    jobs = JobDetails(target, run, arn)
    details: dict[str, str] = {}
    closed: set[str] = set()
    with Progress() as progress:
        while True:
            execution = describe(target, run)
            if execution is None:
                raise Refused(f"execution {arn} has vanished")
            states = follow(history(target, arn))
            _look_inside(states, jobs, details, closed)
            progress.update(states, details)
            if execution["status"] != "RUNNING":
                return execution
            time.sleep(interval)


def _wait_for_start(target: Target, run: str, start_seconds: float, interval: float) -> None:
    deadline = time.monotonic() + start_seconds
    while describe(target, run) is None:
        if time.monotonic() > deadline:
            raise Refused(
                f"run {run} did not start within {start_seconds:.0f} s: look at the log of the "
                "function StartRun and at its dead-letter queue"
            )
        time.sleep(interval)
    say(f"Run {run} has started")


def _look_inside(
    states: list[State], jobs: JobDetails, details: dict[str, str], closed: set[str]
) -> None:
    """Bring details up to date; a state that has ended gets one last look."""
    for state in states:
        if state.name in closed:
            continue
        detail = jobs.of(state.name)
        if detail:
            details[state.name] = detail
        if state.status != "running":
            closed.add(state.name)


def history(target: Target, arn: str, *, data: bool = False) -> "Iterator[HistoryEventTypeDef]":
    """Yield the events of an execution, oldest first; with what states took and gave for `data`."""
    pages = target.states.get_paginator("get_execution_history").paginate(
        executionArn=arn, includeExecutionData=data, PaginationConfig={"PageSize": 1000}
    )
    for page in pages:
        yield from page["events"]
