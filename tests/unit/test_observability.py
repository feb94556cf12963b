"""A state's function as a Lambda handler: what it takes, answers, logs and raises."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tagline.aws import clients
from tagline.aws.observability import logger, metrics
from tagline.aws.step import state_of, step
from tagline.formats.document import UnreadableDocument
from tagline.formats.steps import RunEvent, SmokeAnswer
from tests.unit.cloudformation import resources


@pytest.mark.parametrize(
    ("function", "stack", "state"),
    [
        ("tagline-plan-dataset", "tagline", "PlanDataset"),
        ("my-stack-fetch-shard", "my_stack", "FetchShard"),
        ("tagline-plan-roll-back", "tagline", "PlanRollBack"),
    ],
)
def test_a_function_is_named_after_its_state(function: str, stack: str, state: str) -> None:
    assert state_of(function, stack) == state


def test_every_function_of_the_templates_logs_its_logical_name() -> None:
    for _, name, resource in resources("AWS::Serverless::Function"):
        function = resource["Properties"]["FunctionName"]["Fn::Sub"].replace("${StackName}", "s")
        assert state_of(function, "s") == name


@step
def work(event: RunEvent) -> SmokeAnswer:
    metrics.add_metric("RunsWorked", "Count", 1)
    if event.bucket == "broken":
        raise LookupError("no such bucket")
    return SmokeAnswer(checked=3)


CONTEXT: Any = SimpleNamespace(
    function_name="tagline-plan-dataset",
    memory_limit_in_mb=128,
    invoked_function_arn="arn:aws:lambda:us-east-1:1:function:tagline-plan-dataset",
    aws_request_id="r",
)
EVENT = {"bucket": "data", "run": "demo-0123456789abcdef", "dataset": "demo"}


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is logged."""
    monkeypatch.setenv("STACK_NAME", "tagline")
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    clients.forget()
    said: list[str] = []
    handler = logger.registered_handler
    monkeypatch.setattr(handler, "emit", lambda record: said.append(handler.format(record)))
    logger.setLevel("INFO")
    yield said
    clients.forget()


def test_a_log_line_carries_the_state(lines: list[str]) -> None:
    assert work(EVENT, CONTEXT) == {"checked": 3}
    said = json.loads(lines[-1])
    assert (said["state"], said["run"], said["dataset"]) == ("PlanDataset", EVENT["run"], "demo")
    assert said["answer"] == {"checked": 3}


def test_an_error_leaves_as_it_is_and_is_logged_with_the_state(
    lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(LookupError, match="no such bucket"):
        work(EVENT | {"bucket": "broken"}, CONTEXT)
    said = json.loads(lines[-1])
    assert (said["state"], said["message"]) == ("PlanDataset", "the step failed")
    assert said["exception_name"] == "LookupError"
    assert '"RunsWorked"' in capsys.readouterr().out  # metrics are published all the same


def test_an_event_of_another_form_names_state_and_key(lines: list[str]) -> None:
    with pytest.raises(UnreadableDocument, match=r"the event of PlanDataset: .* `bucket`"):
        work({"run": "demo-0123456789abcdef"}, CONTEXT)
    with pytest.raises(UnreadableDocument, match=r"the event of PlanDataset: run: Expected `str`"):
        work(EVENT | {"run": 7}, CONTEXT)
