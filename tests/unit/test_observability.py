"""Log lines: they carry the name of the state that a function works for."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from tagline.aws.observability import logger, state_of, step
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


def test_a_log_line_carries_the_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACK_NAME", "tagline")
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    lines: list[str] = []
    handler = logger.registered_handler
    monkeypatch.setattr(handler, "emit", lambda record: lines.append(handler.format(record)))
    logger.setLevel("INFO")

    @step
    def work(_: Any) -> dict[str, Any]:
        return {"rows": 3}

    context = SimpleNamespace(
        function_name="tagline-plan-dataset",
        memory_limit_in_mb=128,
        invoked_function_arn="arn:aws:lambda:us-east-1:1:function:tagline-plan-dataset",
        aws_request_id="r",
    )
    work({"run": "demo-0123456789abcdef"}, context)  # type: ignore[arg-type]
    said = json.loads(lines[-1])
    assert (said["state"], said["run"]) == ("PlanDataset", "demo-0123456789abcdef")
    assert said["answer"] == {"rows": 3}
