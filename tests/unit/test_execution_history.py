"""Which state failed, read backwards from an execution's history."""

from typing import Any

import pytest

from tagline.formats.steps import Caught
from tagline.outcomes.execution_history import UnknownState, ended_with, failed_state, was_redriven

HANDLERS = ("PlanRollBack", "RestoreChampion")


def entered(name: str, kind: str = "Task") -> Any:
    return {"type": f"{kind}StateEntered", "stateEnteredEventDetails": {"name": name}}


NEWEST_FIRST: list[Any] = [
    {"type": "LambdaFunctionStarted"},
    entered("PlanRollBack"),
    {"type": "TaskStateExited", "stateExitedEventDetails": {"name": "Train"}},
    {"type": "TaskFailed", "taskFailedEventDetails": {"error": "States.TaskFailed"}},
    entered("Train"),
    entered("TrainOrTune?", "Choice"),
    entered("PlanTraining"),
]


def test_the_last_task_before_the_handlers_failed() -> None:
    assert failed_state(NEWEST_FIRST, HANDLERS) == "Train"


def test_without_handlers_it_is_the_last_task() -> None:
    aborted: Any = {"type": "ExecutionAborted"}
    assert failed_state([aborted, entered("Tune")], HANDLERS) == "Tune"


def test_a_map_can_fail_and_choices_cannot() -> None:
    events = [entered("PlanRollBack"), entered("Unchanged?", "Choice"), entered("F", "Map")]
    assert failed_state(events, HANDLERS) == "F"


def test_a_history_of_nothing_is_no_guess() -> None:
    with pytest.raises(UnknownState):
        failed_state([entered("PlanRollBack")], HANDLERS)


@pytest.mark.parametrize("kind", ["Failed", "Aborted", "TimedOut"])
def test_how_an_execution_ended(kind: str) -> None:
    event: Any = {"type": f"Execution{kind}"}
    assert ended_with([event, *NEWEST_FIRST]) == Caught(error=kind, cause="")
    said = {"error": "States.Runtime", "cause": "no path"}
    event |= {f"execution{kind}EventDetails": said}
    assert ended_with([event, *NEWEST_FIRST]) == Caught(error="States.Runtime", cause="no path")


def test_an_execution_under_way_has_not_ended() -> None:
    assert ended_with(NEWEST_FIRST) == Caught(error="", cause="")


def test_what_was_redriven_last_goes_on() -> None:
    again: Any = {"type": "ExecutionRedriven"}
    failed: Any = {"type": "ExecutionFailed"}
    assert was_redriven([*NEWEST_FIRST, again, failed])
    assert not was_redriven([failed, *NEWEST_FIRST, again, failed])
    assert not was_redriven(NEWEST_FIRST)
