"""RedriveExecution: an execution that did not end well goes on where it stopped.

The rules: https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
Unlike AWS, the machine's definition of today is followed, and a Distributed Map gets a new map
run, in which the children that had succeeded are taken over.
"""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from local import patching
from local.execution_log import ExecutionLog
from local.executions import SFN, drives, executions
from local.space import CODE, REFUSED, Space
from local.walking import Walker, in_thread

PERIOD = timedelta(days=14)
_ENDED_BADLY = {"FAILED", "ABORTED", "TIMED_OUT"}
_MOST_EVENTS = 24_999
_MOST_REDRIVES = 1000
_REQUEST = ("method", "path", "headers", "body", "query_params")
_SUB_MACHINE = ("states", "start_at", "input_data", "execution", "ctx")
_Answer = tuple[int, dict[str, str], bytes]
_Execution = dict[str, Any]
_Handler = Callable[..., Awaitable[_Answer]]


def install(walker: Walker, space: Space, log: ExecutionLog) -> None:
    """Answer RedriveExecution, and let DescribeExecution say what it would answer."""
    redriving = _Redriving(walker, space, log)
    handle: _Handler = patching.function(SFN, "handle_request", *_REQUEST)

    async def answer(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: Any
    ) -> _Answer:
        if not headers.get("x-amz-target", "").endswith(".RedriveExecution"):
            return await handle(method, path, headers, body, query_params)
        return redriving.redrive(json.loads(body or b"{}"))

    patching.replace(SFN, "handle_request", answer, *_REQUEST)
    describe = patching.function(SFN, "_describe_execution", "data")
    patching.replace(SFN, "_describe_execution", lambda data: _told(describe(data)), "data")
    _take_over_children()


class _Redriving:
    def __init__(self, walker: Walker, space: Space, log: ExecutionLog) -> None:
        self._space = space
        self._log = log
        self._walker = walker
        self._refused = patching.function(
            "ministack.core.responses",
            "error_response_json",
            *("code", "message", "status", "extra", "message_key", "content_type"),
        )

    def redrive(self, request: dict[str, Any]) -> _Answer:
        arn = request.get("executionArn", "")
        execution = executions().get(arn)
        if execution is None:
            return self._refuse("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        if why := refusal(execution):
            return self._refuse("ExecutionNotRedrivable", why)
        if full := self._space.refusal():
            return self._refuse(CODE, full, REFUSED)
        now = datetime.now(UTC)
        text = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        again = {"status": "RUNNING", "redriveCount": drives(execution) + 1, "redriveDate": text}
        before = dict(execution)
        execution.update(again, stopDate=None, output=None)
        for key in ("error", "cause"):
            execution.pop(key, None)
        try:
            self._log.reopen(execution)
        except OSError as exc:
            execution.update(before)
            self._space.ran_out()
            return self._refuse(CODE, f"The laptop's disk: {exc}", REFUSED)
        patching.member(SFN, "_add_event", object)(
            execution,
            "ExecutionRedriven",
            {"executionRedrivenEventDetails": {"redriveCount": again["redriveCount"]}},
        )
        in_thread(self._walker.resume, arn)
        return _json({"redriveDate": now.timestamp()})

    def _refuse(self, code: str, message: str, status: int = 400) -> _Answer:
        answer: _Answer = self._refused(code, message, status)
        return answer


def refusal(execution: _Execution) -> str | None:
    """Return why an execution can't be redriven; None where it can."""
    status = execution["status"]
    if status not in _ENDED_BADLY:
        return f"Execution is {status} and cannot be redriven"
    if datetime.now(UTC) - datetime.fromisoformat(execution["stopDate"]) > PERIOD:
        return "Execution redrivable period exceeded"
    if len(execution["events"]) >= _MOST_EVENTS:
        return "Execution history event limit exceeded"
    if drives(execution) >= _MOST_REDRIVES:
        return "Execution redrive limit exceeded"
    return None


def _told(answer: _Answer) -> _Answer:
    """Add to DescribeExecution's answer what it says of redriving."""
    status, _, body = answer
    said = json.loads(body)
    execution = executions().get(said.get("executionArn"))
    if status != 200 or execution is None:  # noqa: PLR2004
        return answer
    why = refusal(execution)
    said |= {
        "redriveCount": drives(execution),
        "redriveStatus": "NOT_REDRIVABLE" if why else "REDRIVABLE",
        **({"redriveStatusReason": why} if why else {}),
        **({"redriveDate": execution["redriveDate"]} if drives(execution) else {}),
    }
    return _json(said)


def _json(content: dict[str, Any]) -> _Answer:
    return 200, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(content).encode()


def _take_over_children() -> None:
    """Let no child of a map run again that had succeeded before its execution was redriven."""
    run = patching.function(SFN, "_run_sub_machine", *_SUB_MACHINE)

    def run_unless_done(
        states: Any, start_at: Any, input_data: Any, execution: _Execution, ctx: Any
    ) -> Any:
        for earlier in _earlier_children(execution):
            if json.loads(earlier["input"]) == input_data:
                return json.loads(earlier["output"])
        return run(states, start_at, input_data, execution, ctx)

    patching.replace(SFN, "_run_sub_machine", run_unless_done, *_SUB_MACHINE)


def _earlier_children(child: _Execution) -> list[_Execution]:
    runs = patching.member(SFN, "_map_runs", object)
    own = runs.get(child.get("mapRunArn"))
    parent = executions().get(own["executionArn"]) if own else None
    if own is None or parent is None or not drives(parent):
        return []
    earlier = {
        run["mapRunArn"]
        for run in runs.values()
        if run is not own and run["executionArn"] == own["executionArn"]
    }
    return [
        other
        for other in executions().values()
        if other.get("mapRunArn") in earlier
        and other["status"] == "SUCCEEDED"
        and other["stateMachineArn"] == child["stateMachineArn"]  # which names the map's label
    ]
