"""Rules of state machine executions that ministack leaves out.

A repeated StartExecution, an execution that was stopped while a task was under way, the 256 KiB
limit, and executions that were running when the laptop cloud ended.
"""

import contextvars
import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from local import patching
from local.context import Cloud

SFN = "ministack.services.stepfunctions"
DATA_LIMIT = (
    262_144  # bytes; https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
)
_RESTART_ERROR = "Laptop.Stopped"
_RESTART_CAUSE = "The laptop cloud stopped while this execution was running."
_Response = tuple[int, dict[str, str], bytes]
logger = logging.getLogger("local.executions")


@dataclass(frozen=True)
class Attempt:
    """The task that the present thread works on: whose execution it is, and until when."""

    execution: dict[str, Any]
    deadline: float  # time.monotonic()

    @property
    def abandoned(self) -> str | None:
        """Why the task's result is no longer wanted, or None."""
        if not _is_running(self.execution):
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


def install(_cloud: Cloud) -> None:
    """Put the rules in place."""
    start = patching.function(SFN, "_start_execution", "data")
    lock = threading.Lock()

    def start_once(data: dict[str, Any]) -> _Response:
        with lock:
            return _same_execution(data) or start(data)

    patching.replace(SFN, "_start_execution", start_once, "data")
    fail = patching.function(SFN, "_fail_execution", "execution", "error", "cause")

    def fail_if_running(execution: dict[str, Any], error: str, cause: str) -> None:
        if execution["status"] == "RUNNING":  # a stopped execution stays ABORTED
            fail(execution, error, cause)

    patching.replace(SFN, "_fail_execution", fail_if_running, "execution", "error", "cause")
    task = ("state_def", "raw_input", "execution", "ctx")
    execute = patching.function(SFN, "_execute_task", *task)

    def execute_bounded(
        state: dict[str, Any], raw_input: object, execution: dict[str, Any], ctx: dict[str, Any]
    ) -> tuple[object, str | None]:
        if not _is_running(execution):
            raise failure("States.Runtime", "the execution was stopped")
        with _attempting(execution, float(state.get("TimeoutSeconds", "inf"))):
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
    _abort_what_was_running()


def announce_aborted() -> None:
    """Publish the status change of executions that a restart aborted, once rules can hear it."""
    publish = patching.function(SFN, "_emit_execution_status_event", "execution")
    for execution in _executions().all_values():
        if execution.pop("_abortedByRestart", False) and "mapRunArn" not in execution:
            logger.warning("execution %s was aborted by the restart", execution["name"])
            publish(execution)


def _same_execution(data: dict[str, Any]) -> _Response | None:
    """Return the first answer again when the very same execution is running already.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
    """
    arn = str(data.get("stateMachineArn")).replace(":stateMachine:", ":execution:")
    execution = _executions().get(f"{arn}:{data.get('name')}")
    if execution is None or execution["status"] != "RUNNING":
        return None
    if execution["input"] != data.get("input", "{}"):
        return None
    answer = {key: execution[key] for key in ("executionArn", "startDate")}
    return 200, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(answer).encode()


def _is_running(execution: dict[str, Any]) -> bool:
    run = patching.member(SFN, "_map_runs", object).get(execution.get("mapRunArn"))
    parent = _executions().get(run["executionArn"]) if run else None
    return execution["status"] == "RUNNING" and (parent is None or _is_running(parent))


@contextmanager
def _attempting(execution: dict[str, Any], timeout: float) -> Iterator[None]:
    token = _attempt.set(Attempt(execution, time.monotonic() + timeout))
    try:
        yield
    finally:
        _attempt.reset(token)


def _abort_what_was_running() -> None:
    restore = patching.function(SFN, "_restore_state", "data")

    def restore_and_abort(data: dict[str, Any]) -> None:
        saved = data.get("executions")
        running = (
            []
            if saved is None
            else [execution for execution in saved.all_values() if execution["status"] == "RUNNING"]
        )
        restore(data)
        for execution in running:
            execution.update(
                status="ABORTED",
                error=_RESTART_ERROR,
                cause=_RESTART_CAUSE,
                _abortedByRestart=True,
            )
        for run in patching.member(SFN, "_map_runs", object).all_values():
            if run["status"] == "RUNNING":
                run["status"] = "ABORTED"

    patching.replace(SFN, "_restore_state", restore_and_abort, "data")


def _executions() -> Any:
    return patching.member(SFN, "_executions", object)
