"""Executions outlive the laptop cloud: what StartExecution answered for is there after a kill.

Each start, end and event of an execution is in the journal before anybody hears of it. What was
running is found aborted at the next start, in the state it was in. The notice of an execution's
end is owed until every function that listens has taken it.
"""

import json
import logging
import threading
from datetime import UTC, datetime
from typing import Any

from local import deliveries, patching
from local.closed_executions import OWED, ClosedExecutions
from local.executions import SFN, drives, executions
from local.journal import Journal

_APP = "ministack.app"
_ERROR = "Laptop.Stopped"
_CAUSE = "The laptop cloud stopped while this run was going on."
_Execution = dict[str, Any]
logger = logging.getLogger("local.execution_log")


class ExecutionLog:
    """Keeps the journal of executions, and tells of their ends."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._closed = ClosedExecutions(journal)
        self._publish = patching.function(SFN, "_emit_execution_status_event", "execution")
        self._add_event = patching.function(SFN, "_add_event", "execution", "event_type", "details")
        self._load = patching.function(_APP, "_load_persisted_state")
        self._lock = threading.Lock()
        self._being_told: set[str] = set()

    def install(self) -> None:
        """Journal executions from now on; take up the journal when ministack loads its state."""
        patching.replace(SFN, "_emit_execution_status_event", self._changed, "execution")
        patching.replace(SFN, "_add_event", self._happened, "execution", "event_type", "details")
        patching.replace(_APP, "_load_persisted_state", self._take_up)
        self._closed.install()

    def reopen(self, execution: _Execution) -> None:
        """Journal that an ended execution goes on; raises OSError where it can't be."""
        execution.pop(OWED, None)
        self._changed(execution)
        self._closed.reopen(execution["executionArn"])

    def tell(self) -> None:
        """Publish the ends that nobody has taken notice of yet."""
        for execution in executions().all_values():
            if execution.get(OWED):
                self._tell(execution)

    def _changed(self, execution: _Execution) -> None:
        """Take a new status; raises OSError for a start that cannot be journalled."""
        if execution.get("sync"):
            return
        begins = execution["status"] == "RUNNING"
        if not begins:
            execution[OWED] = True
        known = {key: value for key, value in execution.items() if begins or key != "events"}
        try:
            self._journal.append({"execution": known}, durably=True)
        except OSError as exc:
            if begins:
                raise
            logger.warning("the end of %s waits for the next snapshot: %s", execution["name"], exc)
        if begins:
            self._publish(execution)
        else:
            self._tell(execution)

    def _tell(self, execution: _Execution) -> None:
        arn = execution["executionArn"]
        with self._lock:
            if arn in self._being_told:
                return
            self._being_told.add(arn)

        def ended(well: bool) -> None:
            with self._lock:
                self._being_told.discard(arn)
            if well:
                execution.pop(OWED, None)
                self._note({"told": arn})

        with deliveries.followed(ended):
            self._publish(execution)

    def _happened(
        self, execution: _Execution, event_type: str, details: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        event: dict[str, Any] = self._add_event(execution, event_type, details)
        if "mapRunArn" not in execution and "executionArn" in execution:
            self._note({"arn": execution["executionArn"], "event": event})
        return event

    def _note(self, entry: dict[str, Any]) -> None:
        try:
            self._journal.append(entry)
        except OSError as exc:
            logger.warning("an execution's event waits for the next snapshot: %s", exc)

    def _take_up(self) -> None:
        self._load()
        self._closed.take_up()
        for entry in self._journal.entries():
            _replay(entry)
        for execution in executions().all_values():
            # ministack has failed those that its own snapshot shows running
            interrupted = execution.get("error") == "States.ServiceRestart"
            if interrupted or execution["status"] == "RUNNING":
                self._abort(execution)
        for run in patching.member(SFN, "_map_runs", object).all_values():
            if run["status"] == "RUNNING":
                run["status"] = "ABORTED"

    def _abort(self, execution: _Execution) -> None:
        told = {"error": _ERROR, "cause": _CAUSE}
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        execution.update(status="ABORTED", stopDate=now, **told)
        self._happened(execution, "ExecutionAborted", {"executionAbortedEventDetails": told})
        if "mapRunArn" not in execution:
            logger.warning("execution %s was aborted by the restart", execution["name"])
            execution[OWED] = True


def _replay(entry: dict[str, Any]) -> None:
    """Bring one execution to where an entry of the journal says it was."""
    record = entry.get("execution")
    arn = record["executionArn"] if record else entry.get("arn") or entry["told"]
    _, _, _, region, account, *_ = arn.split(":")
    known = executions().get_scoped(account, region, arn)
    if record and known is None:
        executions().set_scoped(account, region, arn, {"events": [], **record})
    elif record:
        redriven = drives(record) > drives(known)
        if record["status"] != "RUNNING" or redriven:  # a snapshot is never older than a start
            known.update(record)
            for key in {"error", "cause", OWED} - set(record):
                known.pop(key, None)  # ministack's own, of the restart; or from before
    elif known is None:  # its state machine was deleted
        logger.info("the journal has an entry of an unknown execution: %s", json.dumps(entry))
    elif "event" in entry:
        if entry["event"]["id"] > len(known["events"]):
            known["events"].append(entry["event"])
    else:
        known.pop(OWED, None)
