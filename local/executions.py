"""Rules of state machine executions that ministack leaves out.

A repeated StartExecution, an execution that was stopped while a task was under way, and the
256 KiB limit.
"""

import contextvars
import json
import math
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from local import patching
from local.space import CODE, REFUSED, Space

SFN = "ministack.services.stepfunctions"
_RESPONSES = "ministack.core.responses"
_ERROR = ("code", "message", "status", "extra", "message_key", "content_type")
DATA_LIMIT = (
    262_144  # bytes; https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
)
_ABANDONED = "Laptop.Abandoned"  # nobody retries or catches it
_Response = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Attempt:
    """The task that the present thread works on: whose execution it is, and until when."""

    execution: dict[str, Any]
    drive: int
    """How often the execution had been redriven when the task began."""
    deadline: float = math.inf  # time.monotonic()

    @property
    def abandoned(self) -> str | None:
        """Why the task's result is no longer wanted, or None."""
        if not _is_running(self.execution) or drives(self.execution) != self.drive:
            return "the execution was stopped"
        if time.monotonic() > self.deadline:
            return "the task's TimeoutSeconds have passed"
        return None


_attempt: contextvars.ContextVar[Attempt | None] = contextvars.ContextVar("attempt", default=None)


def current_attempt() -> Attempt | None:
    """Return the task that this thread works on; None outside of an execution."""
    return _attempt.get()


def failure(error: str, cause: str) -> Exception:
    """Return the exception by which a task fails with an error name and a cause."""
    kind = patching.member(SFN, "_ExecutionError", type)
    return kind(error, cause)  # type: ignore[no-any-return]


def install(space: Space) -> None:
    """Put the rules in place."""
    start = patching.function(SFN, "_start_execution", "data")
    refused = patching.function(_RESPONSES, "error_response_json", *_ERROR)
    lock = threading.Lock()

    def start_once(data: dict[str, Any]) -> _Response:
        data = {**data, "name": data.get("name") or str(uuid.uuid4())}
        with lock:
            again = _same_execution(data)
            refusal = space.refusal()
            if again or refusal is None:
                try:
                    return again or start(data)
                except OSError as exc:
                    executions().pop(_arn(data), None)
                    space.ran_out()
                    refusal = f"The laptop's disk: {exc}"
        answer: _Response = refused(CODE, refusal, REFUSED)
        return answer

    patching.replace(SFN, "_start_execution", start_once, "data")
    fail = patching.function(SFN, "_fail_execution", "execution", "error", "cause")

    def fail_if_running(execution: dict[str, Any], error: str, cause: str) -> None:
        if execution["status"] == "RUNNING":  # a stopped execution stays ABORTED
            fail(execution, error, cause)

    patching.replace(SFN, "_fail_execution", fail_if_running, "execution", "error", "cause")
    _bound_tasks()
    patching.replace(SFN, "_error_matches", error_matches, "error_equals", "error")


def error_matches(error_equals: list[str], error: str) -> bool:
    """Tell whether a Retry or Catch is for an error.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    """
    if error == _ABANDONED:
        return False
    if error in error_equals:
        return True
    if "States.ALL" in error_equals:
        return error not in {"States.DataLimitExceeded", "States.Runtime"}
    return "States.TaskFailed" in error_equals and error != "States.Timeout"


def _bound_tasks() -> None:
    """Tell each task's thread what it works for, and let no stopped execution begin another."""
    task = ("state_def", "raw_input", "execution", "ctx")
    execute = patching.function(SFN, "_execute_task", *task)

    def execute_bounded(
        state: dict[str, Any], raw_input: object, execution: dict[str, Any], ctx: dict[str, Any]
    ) -> tuple[object, str | None]:
        with _working_on(Attempt(execution, drives(execution))):
            output, following = execute(state, raw_input, execution, ctx)
        size = len(json.dumps(output).encode())
        if size > DATA_LIMIT:
            raise failure(
                "States.DataLimitExceeded",
                f"The state/task '{ctx['State']['Name']}' returned a result with a size ({size}) "
                f"exceeding the maximum number of bytes service limit ({DATA_LIMIT}).",
            )
        return output, following

    patching.replace(SFN, "_execute_task", execute_bounded, *task)
    invoke = patching.function(SFN, "_invoke_resource", "resource", "input_data")

    def invoke_unless_stopped(resource: str, request: object) -> object:
        attempt = current_attempt()
        if attempt is not None and attempt.abandoned:  # this may be a retry
            raise failure(_ABANDONED, attempt.abandoned)
        return invoke(resource, request)

    patching.replace(SFN, "_invoke_resource", invoke_unless_stopped, "resource", "input_data")
    timed = ("resource", "input_data", "timeout")
    invoke_timed = patching.function(SFN, "_invoke_resource_with_timeout", *timed)

    def invoke_until(resource: str, request: object, timeout: float) -> object:
        attempt = current_attempt()
        if attempt is None:
            return invoke_timed(resource, request, timeout)
        until = time.monotonic() + timeout
        with _working_on(Attempt(attempt.execution, attempt.drive, until)):
            return invoke_timed(resource, request, timeout)

    patching.replace(SFN, "_invoke_resource_with_timeout", invoke_until, *timed)


def _same_execution(data: dict[str, Any]) -> _Response | None:
    """Return the first answer again when the very same execution is running already.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
    """
    execution = executions().get(_arn(data))
    if execution is None or execution["status"] != "RUNNING":
        return None
    if execution["input"] != data.get("input", "{}"):
        return None
    answer = {key: execution[key] for key in ("executionArn", "startDate")}
    return 200, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(answer).encode()


def _arn(start: dict[str, Any]) -> str:
    """Return the ARN that a StartExecution request asks for; a machine's may name a version."""
    machine = ":".join(str(start.get("stateMachineArn")).split(":")[:7])
    return f"{machine.replace(':stateMachine:', ':execution:')}:{start['name']}"


def _is_running(execution: dict[str, Any]) -> bool:
    run = patching.member(SFN, "_map_runs", object).get(execution.get("mapRunArn"))
    parent = executions().get(run["executionArn"]) if run else None
    return execution["status"] == "RUNNING" and (parent is None or _is_running(parent))


@contextmanager
def _working_on(attempt: Attempt) -> Iterator[None]:
    token = _attempt.set(attempt)
    try:
        yield
    finally:
        _attempt.reset(token)


def drives(execution: dict[str, Any]) -> int:
    """Return how often an execution was redriven."""
    return int(execution.get("redriveCount", 0))


def executions() -> Any:
    """Return ministack's executions: a mapping by account, region and ARN."""
    return patching.member(SFN, "_executions", object)
