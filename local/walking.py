"""An execution goes from state to state; redriven, it goes on from the one that did not end well.

ministack walks from the start only. What an old walk does after its execution was stopped or
redriven counts for nothing.
"""

import contextvars
import json
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from local import patching
from local.executions import SFN, drives, executions

_logger = logging.getLogger("local.walking")
_Execution = dict[str, Any]
_OF_EXECUTION = ("state_def", "raw_input", "execution", "ctx")
_PLAIN = ("state_def", "raw_input", "ctx")
_EXECUTE = {  # ministack's function for a kind of state, and what it takes
    "Task": ("_execute_task", _OF_EXECUTION),
    "Map": ("_execute_map", _OF_EXECUTION),
    "Parallel": ("_execute_parallel", _OF_EXECUTION),
    "Pass": ("_execute_pass", _PLAIN),
    "Choice": ("_execute_choice", _PLAIN),
    "Wait": ("_execute_wait", _PLAIN),
}


def install() -> "Walker":
    """Walk in ministack's place."""
    walker = Walker()
    patching.replace(SFN, "_run_execution", walker.begin, "exec_arn")
    return walker


class Walker:
    """Walks executions, each in the thread that ministack or a redrive gives it."""

    def __init__(self) -> None:
        self._error = patching.member(SFN, "_ExecutionError", type)
        self._machines = patching.member(SFN, "_state_machines", object)
        self._select = patching.function(SFN, "_apply_input_path", "state_def", "data", "ctx")
        self._trim = patching.function(SFN, "_apply_output_path", "state_def", "data", "ctx")
        self._failing = patching.function(SFN, "_fail_state_error", *_PLAIN)
        for name, parameters in _EXECUTE.values():
            patching.function(SFN, name, *parameters)

    def begin(self, exec_arn: str) -> None:
        """Walk an execution that has just been started."""
        execution = executions().get(exec_arn)
        if execution is None:
            return
        definition = self._definition(execution)
        self._walk(execution, definition, definition.get("StartAt"), _given(execution))

    def resume(self, arn: str) -> None:
        """Walk on from the state that an execution is in."""
        execution = executions()[arn]
        name, given = unfinished(execution) or (None, None)
        definition = self._definition(execution)
        if name is None:
            name, given = definition.get("StartAt"), _given(execution)
        self._walk(execution, definition, name, given)

    def _definition(self, execution: _Execution) -> dict[str, Any]:
        machine = self._machines.get(execution["stateMachineArn"])
        definition: dict[str, Any] = json.loads(machine["definition"]) if machine else {}
        return definition

    def _walk(
        self, execution: _Execution, definition: dict[str, Any], name: str | None, given: Any
    ) -> None:
        drive = drives(execution)

        def goes_on() -> bool:
            return execution["status"] == "RUNNING" and drives(execution) == drive

        try:
            output = self._to_the_end(execution, definition, name, given, goes_on)
            if goes_on():
                self._succeed(execution, output)
        except self._error as exc:
            error, cause = exc.error, exc.cause
        except Exception as exc:  # as ministack: whatever it was, the execution ends
            _logger.exception("unexpected error in execution %s", execution["executionArn"])
            error, cause = "States.Runtime", str(exc)
        else:
            return
        if goes_on():
            _call("_fail_execution", execution, error, cause)

    def _to_the_end(
        self,
        execution: _Execution,
        definition: dict[str, Any],
        name: str | None,
        given: Any,
        goes_on: Callable[[], bool],
    ) -> Any:
        states, ctx = definition.get("States", {}), self._context(execution, definition)
        while name is not None and goes_on():
            if name not in states:
                raise self._error("States.Runtime", f"State '{name}' not found in definition")
            state = states[name]
            kind = state["Type"]
            now = datetime.now(UTC).isoformat()
            ctx["State"] = {"Name": name, "EnteredTime": now, "RetryCount": 0}
            entered = {"name": name, "input": json.dumps(given)}
            _call("_add_event", execution, f"{kind}StateEntered",
                  {"stateEnteredEventDetails": entered})  # fmt: skip
            given, following = self._through(state, given, execution, ctx)
            if not goes_on():
                return None
            left = {"name": name, "output": json.dumps(given)}
            _call("_add_event", execution, f"{kind}StateExited", {"stateExitedEventDetails": left})
            name = following
        return given

    def _through(
        self, state: dict[str, Any], given: Any, execution: _Execution, ctx: dict[str, Any]
    ) -> tuple[Any, str | None]:
        kind = state["Type"]
        if kind == "Succeed":
            return self._trim(state, self._select(state, given, ctx), ctx), None
        if kind == "Fail":
            raise self._error(*self._failing(state, given, ctx))
        if kind not in _EXECUTE:
            raise self._error("States.Runtime", f"Unknown state type: {kind}")
        name, parameters = _EXECUTE[kind]
        of_execution = (execution,) if parameters is _OF_EXECUTION else ()
        answer: tuple[Any, str | None] = _call(name, state, given, *of_execution, ctx)
        return answer

    def _context(self, execution: _Execution, definition: dict[str, Any]) -> dict[str, Any]:
        """Return the context object.

        https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
        """
        machine = self._machines.get(execution["stateMachineArn"]) or {}
        redriven = {"RedriveTime": execution["redriveDate"]} if drives(execution) else {}
        return {
            "QueryLanguage": definition.get("QueryLanguage", "JSONPath"),
            "Execution": {
                "Id": execution["executionArn"],
                "Input": _given(execution),
                "Name": execution["name"],
                "RoleArn": machine.get("roleArn"),
                "StartTime": execution["startDate"],
                "RedriveCount": drives(execution),
                **redriven,
            },
            "StateMachine": {"Id": execution["stateMachineArn"], "Name": machine.get("name")},
            "variables": {},
        }

    @staticmethod
    def _succeed(execution: _Execution, output: Any) -> None:
        text = json.dumps(output)
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        execution.update(status="SUCCEEDED", output=text, stopDate=now)
        _call("_add_event", execution, "ExecutionSucceeded",
              {"executionSucceededEventDetails": {"output": text}})  # fmt: skip
        _call("_emit_execution_status_event", execution)


def unfinished(execution: _Execution) -> tuple[str, Any] | None:
    """Return the state that was entered and not left, and its input; None before the first."""
    for event in reversed(execution["events"]):
        if event["type"].endswith("StateExited"):
            return None
        if event["type"].endswith("StateEntered"):
            details = event["stateEnteredEventDetails"]
            return details["name"], json.loads(details["input"])
    return None


def in_thread(work: Callable[[str], None], arn: str) -> None:
    """Let an execution be walked beside the request that asked for it, in its account."""
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work, arn), daemon=True).start()


def _given(execution: _Execution) -> Any:
    return json.loads(execution["input"])


def _call(name: str, *arguments: Any) -> Any:
    """Call what stands under ministack's name now: a plug-in's, where one took its place."""
    return patching.member(SFN, name, object)(*arguments)
