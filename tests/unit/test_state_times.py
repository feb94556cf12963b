"""From an execution's history to states with times."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tagline.cli.progress import plain_line
from tagline.outcomes.state_times import follow

START = datetime(2026, 1, 1, tzinfo=UTC)


class History:
    """Builds events as GetExecutionHistory returns them, a second apart."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def add(self, kind: str, **details: object) -> "History":
        moment = START + timedelta(seconds=len(self.events))
        self.events.append({"type": kind, "timestamp": moment, **details})
        return self

    def enter(self, name: str, kind: str = "Task") -> "History":
        return self.add(f"{kind}StateEntered", stateEnteredEventDetails={"name": name})

    def leave(self, name: str, kind: str = "Task") -> "History":
        return self.add(f"{kind}StateExited", stateExitedEventDetails={"name": name})

    def fail(self, error: str, cause: str) -> "History":
        return self.add("TaskFailed", taskFailedEventDetails={"error": error, "cause": cause})


def test_states_come_in_order_with_their_times() -> None:
    history = History().add("ExecutionStarted").enter("PlanDataset").add("TaskScheduled")
    history.add("TaskSucceeded").leave("PlanDataset").enter("FetchShards", "Map")
    first, second = follow(history.events)
    assert (first.name, first.status) == ("PlanDataset", "done")
    assert first.ended is not None
    assert (first.ended - first.entered).total_seconds() == 3
    assert (second.name, second.status, second.ended) == ("FetchShards", "running", None)


def test_choices_passes_and_waits_are_not_shown() -> None:
    history = History().enter("Unchanged?", "Choice").leave("Unchanged?", "Choice")
    history.enter("WaitForEndpoint", "Wait").leave("WaitForEndpoint", "Wait")
    assert follow(history.events) == []


def test_a_retried_state_that_succeeds_is_done() -> None:
    history = History().enter("Train").add("TaskScheduled").fail("States.TaskFailed", "once")
    running = follow(history.events)[0]
    assert running.status == "running"
    history.add("TaskScheduled")
    assert plain_line(follow(history.events)[0], None) == "… Train  attempt 2"
    history.add("TaskSucceeded").leave("Train")
    done = follow(history.events)[0]
    assert (done.status, done.attempts, done.error) == ("done", 2, None)


def test_a_caught_failure_is_a_failure_and_the_handler_follows() -> None:
    history = History().enter("Train").add("TaskScheduled").fail("TrainingFailed", "out of\nmemory")
    history.leave("Train").enter("RecordFailure").add("TaskScheduled").leave("RecordFailure")
    history.enter("Failed", "Fail").add("ExecutionFailed", executionFailedEventDetails={})
    train, record = follow(history.events)
    assert (train.status, train.error) == ("failed", "TrainingFailed: out of\nmemory")
    assert plain_line(train, None) == "✗ Train  3.0 s  TrainingFailed: out of memory"
    assert record.status == "done"


def test_an_endpoint_that_never_scaled_is_no_failure() -> None:
    history = History().enter("StopScaling").add("TaskScheduled")
    history.fail("ApplicationAutoScaling.ObjectNotFoundException", "No scalable target found")
    (state,) = follow(history.leave("StopScaling").events)
    assert (state.status, state.error) == ("done", None)


def test_an_execution_that_is_aborted_ends_its_running_state() -> None:
    history = History().enter("Tune").add("TaskScheduled").add("ExecutionAborted")
    assert follow(history.events)[0].status == "failed"


def test_a_state_entered_again_stays_one_line() -> None:
    history = History()
    for _ in range(3):
        history.enter("DescribeEndpoint").add("TaskScheduled").leave("DescribeEndpoint")
    states = follow(history.events)
    assert [state.name for state in states] == ["DescribeEndpoint"]
    assert states[0].attempts == 1


def test_lambda_and_map_failures_count_too() -> None:
    lambda_failed = (
        History()
        .enter("PlanDataset")
        .add(
            "LambdaFunctionFailed",
            lambdaFunctionFailedEventDetails={"error": "UnusableList", "cause": "empty"},
        )
    )
    lambda_failed.leave("PlanDataset")
    assert follow(lambda_failed.events)[0].error == "UnusableList: empty"
    map_failed = History().enter("FetchShards", "Map").add("MapRunFailed").leave("FetchShards")
    assert follow(map_failed.events)[0].status == "failed"
