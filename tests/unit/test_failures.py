"""From an error's cause to one sentence for people."""

import json

import pytest

from tagline.batches.planning import NoChampion
from tagline.batches.tagging import ModelChanged
from tagline.edge.errors import NotReleased
from tagline.formats.reasons import UnusableList
from tagline.jobs.limits import TooExpensive
from tagline.outcomes.endings import ChampionChanged, Overtaken, RunEnded
from tagline.outcomes.failures import EXPLAINED, reason, unwrap
from tagline.outcomes.roll_back import RollBackFailed
from tagline.outcomes.shadow import ShadowLost, ShadowRejected
from tagline.planning.standing import DamagedChampion
from tagline.planning.turn import TooManyRuns
from tagline.serving.smoke_failed import SmokeTestFailed


def function_error(kind: str, message: str) -> str:
    return json.dumps({"errorMessage": message, "errorType": kind, "stackTrace": ["…"]})


@pytest.mark.parametrize(
    ("error", "cause", "expected"),
    [
        ("UnusableList", function_error("UnusableList", "line 3: no path"), "line 3: no path"),
        ("KeyError", function_error("KeyError", "'rows'"), "KeyError: 'rows'"),
        ("States.Timeout", "", "States.Timeout"),
        ("", "", "no cause was given"),
        (
            "States.TaskFailed",
            json.dumps({"TrainingJobStatus": "Failed", "FailureReason": "AlgorithmError: lr"}),
            "AlgorithmError: lr",
        ),
        (
            "States.TaskFailed",
            json.dumps({"ProcessingJobStatus": "Failed", "ExitMessage": "no val.rec"}),
            "no val.rec",
        ),
        (
            "States.TaskFailed",
            json.dumps({"Containers": [{"Name": "im2rec", "ExitCode": 1, "Reason": "OOM"}]}),
            "container im2rec exited with 1 (OOM)",
        ),
        (
            "States.TaskFailed",
            json.dumps({"Containers": [{"Name": "im2rec"}], "StoppedReason": "no image"}),
            "no image",
        ),
        ("X", '{"StoppedReason": "no capacity"}', "no capacity"),
        ("X", '{"Containers": []}', "the task stopped without saying why"),
        ("SageMaker.AmazonSageMakerException", "Could not find model", "Could not find model"),
        ("X", "[1, 2]", "[1, 2]"),
        ("X", ' {"Status": "odd"} ', '{"Status": "odd"}'),
        ("X", '{"FailureReason": 7}', '{"FailureReason": 7}'),
        ("States.TaskFailed", '{"errorMessage": "lost"}', "States.TaskFailed: lost"),
        ("KeyError", function_error("KeyError", ""), "KeyError: KeyError"),
        (
            "States.TaskFailed",
            json.dumps({"Containers": [{"ExitCode": 0}, {"Name": "a", "ExitCode": 2}]}),
            "container a exited with 2",
        ),
        ("States.TaskFailed", '{"Containers": []}', "the task stopped without saying why"),
    ],
)
def test_the_message_of_every_kind_of_cause(error: str, cause: str, expected: str) -> None:
    assert unwrap(error, cause).message == expected


def test_the_errors_that_explain_themselves_exist() -> None:
    raised = (
        ChampionChanged,
        DamagedChampion,
        ModelChanged,
        NoChampion,
        NotReleased,
        Overtaken,
        RollBackFailed,
        RunEnded,
        ShadowLost,
        ShadowRejected,
        SmokeTestFailed,
        TooExpensive,
        TooManyRuns,
        UnusableList,
    )
    assert {cls.__name__ for cls in raised} | {"InvalidSettings"} == EXPLAINED


@pytest.mark.parametrize("kind", sorted(EXPLAINED))
def test_a_message_for_users_is_left_as_it_is(kind: str) -> None:
    told = unwrap("Lambda", function_error(kind, "the list is empty"))
    assert reason("PlanDataset", told) == "PlanDataset: the list is empty."
    assert told.kind == kind


def test_a_fault_of_the_products_own_is_named_and_gets_advice() -> None:
    told = unwrap("Lambda", function_error("WrongEnvironment", "X is not set"))
    assert reason("PlanTraining", told) == (
        "PlanTraining: WrongEnvironment: X is not set. "
        "See the execution's history, then upload the list again."
    )


def test_a_fault_gets_advice() -> None:
    sentence = reason("Train", unwrap("States.TaskFailed", '{"FailureReason": "out of memory"}'))
    assert sentence.startswith("Train: out of memory. See the training job's log")


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (
            "Runtime.ExitError",
            function_error("Runtime.ExitError", "Runtime exited with error: signal: killed"),
        ),
        ("Sandbox.Timedout", function_error("Sandbox.Timedout", "Task timed out after 900 s")),
        ("Lambda.Unknown", "The cause could not be determined"),
        ("States.Timeout", ""),
    ],
)
@pytest.mark.parametrize("state", ["PlanDataset", "FetchShards", "PlanTraining"])
def test_nobody_has_to_correct_a_list_after_a_crash(state: str, error: str, cause: str) -> None:
    sentence = reason(state, unwrap(error, cause))
    assert sentence.endswith("It broke off and was tried again in vain: upload the list again.")
    assert "orrect" not in sentence


def test_a_job_that_took_too_long_is_no_crash() -> None:
    assert "training job's log" in reason("Train", unwrap("States.Timeout", ""))


def test_a_quota_gets_its_own_advice() -> None:
    told = unwrap("SageMaker.ResourceLimitExceededException", "limit is 0 instances")
    assert "higher quota" in reason("Train", told)


def test_what_a_container_left_behind_wins_over_its_exit_code() -> None:
    told = unwrap("States.TaskFailed", '{"Containers": [{"Name": "im2rec", "ExitCode": 1}]}')
    assert reason("PackDataset", told, "no row was accepted\n") == (
        "PackDataset: no row was accepted."
    )


def test_a_reason_stays_short() -> None:
    assert len(reason("Train", unwrap("E", "x" * 100_000))) < 2200
