"""From an error's cause to one sentence for people."""

import json

import pytest

from tagline.outcomes.failures import reason, unwrap


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
        ("SageMaker.AmazonSageMakerException", "Could not find model", "Could not find model"),
        ("X", "[1, 2]", "[1, 2]"),
    ],
)
def test_the_message_of_every_kind_of_cause(error: str, cause: str, expected: str) -> None:
    assert unwrap(error, cause).message == expected


def test_a_message_for_users_is_left_as_it_is() -> None:
    told = unwrap("UnusableList", function_error("UnusableList", "the list is empty"))
    assert reason("PlanDataset", told) == "PlanDataset: the list is empty."


def test_a_fault_gets_advice() -> None:
    sentence = reason("Train", unwrap("States.TaskFailed", '{"FailureReason": "out of memory"}'))
    assert sentence.startswith("Train: out of memory. See the training job's log")


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
