"""Functions on the laptop cloud behave as in Lambda: environment, layers, errors, limits, logs."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration.conftest import Stack
from tests.laptop import eventually

pytestmark = pytest.mark.cloud


def invoke(stack: Stack, function: str, event: object) -> tuple[Any, str | None]:
    answer = stack.client("lambda").invoke(
        FunctionName=stack[function], Payload=json.dumps(event).encode()
    )
    return json.loads(answer["Payload"].read()), answer.get("FunctionError")


def test_a_function_sees_its_event_layer_and_context(stack: Stack) -> None:
    seen, error = invoke(stack, "Echo", {"a": [1, "ü"]})
    assert error is None
    assert seen["event"] == {"a": [1, "ü"]}
    assert seen["greeting"] == "hello!"  # the variable, and the layer's punctuation
    assert 5_000 < seen["remaining_ms"] <= 10_000
    assert seen["memory"] == "256"
    assert seen["arn"] == stack["Echo"]


def test_a_function_sees_no_more_of_the_host_than_in_lambda(stack: Stack) -> None:
    seen, _ = invoke(stack, "Echo", {})
    environment = seen["environment"]
    assert environment["AWS_ENDPOINT_URL"] == stack.cloud.endpoint
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] in stack["Echo"]
    assert "VIRTUAL_ENV" not in environment
    assert "PYTEST_CURRENT_TEST" not in environment
    assert not [folder for folder in seen["path"] if "site-packages" in folder]


def test_an_exception_keeps_its_name(stack: Stack) -> None:
    answer, error = invoke(stack, "Moody", {"mood": "angry"})
    assert error == "Unhandled"
    assert answer["errorType"] == "OutOfInk"
    assert answer["errorMessage"] == "the cartridge is empty"


def test_a_module_that_cannot_be_imported_says_so(stack: Stack) -> None:
    answer, error = invoke(stack, "Broken", {})
    assert error == "Unhandled"
    assert answer["errorType"] == "Runtime.ImportModuleError"


def test_a_slow_function_ends_at_its_timeout_and_the_next_call_works(stack: Stack) -> None:
    answer, _ = invoke(stack, "Moody", {"mood": "asleep"})
    assert answer["errorType"] == "Sandbox.Timedout"
    answer, error = invoke(stack, "Moody", {"number": 4})
    assert error is None
    assert answer["doubled"] == 8


def test_an_answer_over_six_megabytes_is_refused(stack: Stack) -> None:
    answer, _ = invoke(stack, "Moody", {"mood": "talkative", "size": 7_000_000})
    assert answer["errorType"] == "Function.ResponseSizeTooLarge"
    answer, error = invoke(stack, "Moody", {"mood": "talkative", "size": 5_000_000})
    assert error is None
    assert len(answer) == 5_000_000


def test_concurrent_calls_have_environments_of_their_own(stack: Stack) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(lambda number: invoke(stack, "Moody", {"number": number})[0], range(24))
        )
    assert [answer["doubled"] for answer in answers] == [2 * number for number in range(24)]


def test_what_a_function_prints_is_in_its_log_group(stack: Stack) -> None:
    invoke(stack, "Echo", {"word": "pamplemousse"})
    group = f"/aws/lambda/{stack['Echo'].rsplit(':', 1)[-1]}"
    logs = stack.client("logs")
    eventually(
        lambda: logs.filter_log_events(logGroupName=group, filterPattern="pamplemousse")["events"]
    )
