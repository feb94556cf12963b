"""Executions that have ended are written once, and not with every state that follows.

A run's history holds the input of each of its states; a laptop that has seen a thousand runs
would write all of it every few seconds.
"""

import copy
from typing import Any

from local import patching
from local.executions import SFN, executions
from local.journal import Journal

OWED = "_noticeOwed"
_Execution = dict[str, Any]


class ClosedExecutions:
    """What is known of ended executions, in the journal's file."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._kept: set[str] = set()

    def install(self) -> None:
        """Keep what is closed out of ministack's state."""
        get_state = patching.function(SFN, "get_state")
        others = {
            name: patching.member(SFN, f"_{name}", object)
            for name in set(get_state()) - {"executions"}
        }

        def of_what_goes_on() -> dict[str, Any]:
            self._put_away()
            going_on = type(executions())()
            for (account, region, arn), execution in executions().all_items():
                if arn not in self._kept:
                    going_on.set_scoped(account, region, arn, execution)
            return copy.deepcopy({**others, "executions": going_on})

        patching.replace(SFN, "get_state", of_what_goes_on)

    def take_up(self) -> None:
        """Give ministack back what is closed."""
        for execution in self._journal.records():
            arn = execution["executionArn"]
            _, _, _, region, account, *_ = arn.split(":")
            executions().set_scoped(account, region, arn, execution)
            self._kept.add(arn)

    def reopen(self, arn: str) -> None:
        """Take one out: it goes on, so ministack's state holds it again; raises OSError."""
        self._journal.keep({}, {arn})
        self._kept.discard(arn)

    def _put_away(self) -> None:
        there = {execution["executionArn"]: execution for execution in executions().all_values()}
        closed = {
            arn: execution
            for arn, execution in there.items()
            if arn not in self._kept and execution["status"] != "RUNNING" and OWED not in execution
        }
        gone = self._kept - set(there)  # with their state machine
        if closed or gone:
            self._journal.keep(closed, gone)
            self._kept = self._kept - gone | set(closed)
