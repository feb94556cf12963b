"""A shadow of the laptop cloud keeps nobody waiting, whatever becomes of it."""

import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

from local.objects import Objects
from local.sagemaker.capture import Capture
from local.sagemaker.invocations import Invocations
from local.sagemaker.server import Reply, Server, ServerFailed
from local.sagemaker.shadow import Beside
from tests.laptop import eventually

ANSWER = Reply(200, {"content-type": "application/json"}, b'{"a": 1}')
HEADERS = {"x-amzn-sagemaker-inference-id": "one"}
WHERE = {"EndpointName": "e", "VariantName": "Shadow"}


class Model:
    """A server that answers when it may."""

    def __init__(self, weight: float = 1.0) -> None:
        self.serving = SimpleNamespace(weight=weight, variant="Shadow", config="c")
        self.may = threading.Event()
        self.asked = 0

    def start(self) -> None:
        self.asked = 0

    def leave(self) -> None:
        self.may.set()

    stop = leave

    def invoke(self, body: bytes, _: dict[str, str]) -> Reply:
        self.asked += 1
        self.may.wait(30)
        if body == b"broken":
            raise ServerFailed("no")
        return ANSWER


def beside(model: Model, calls: Invocations, told: list[str], capture: Any = None) -> Beside:
    made = Beside(
        "e",
        "AllTraffic",
        capture=capture,
        shadow=cast("Server", model),
        invocations=calls,
        log=told.append,
    )
    made.start()
    return made


def numbers(said: str) -> list[int]:
    """Return how many requests a shadow got, and how many were dropped."""
    return [int(word) for word in said.split() if word.isdigit()]


def test_a_shadow_that_hangs_is_given_a_few_copies_and_the_rest_is_dropped() -> None:
    model, told = Model(), list[str]()
    made = beside(model, Invocations(), told)
    for _ in range(100):
        made.answered(b"x", HEADERS, ANSWER)  # returns at once, or this test never ends
    made.stop()
    (said,) = told
    assert said.startswith("the shadow got ")
    copied, dropped = numbers(said)
    assert copied + dropped == 100
    assert 16 <= copied <= 18
    assert model.asked <= 2


def test_a_shadow_that_breaks_is_counted_and_nobody_hears_of_it() -> None:
    model, calls, told = Model(), Invocations(), list[str]()
    model.may.set()
    made = beside(model, calls, told)
    made.answered(b"broken", HEADERS, ANSWER)
    made.answered(b"x", HEADERS, ANSWER)
    found = eventually(lambda: (c := calls.between(WHERE, 0, 1e12)) and len(c) == 2 and c)
    assert sorted(call.status for call in found) == [200, 503]
    made.stop()
    assert told[0] == "the shadow did not answer: no"


@pytest.mark.parametrize(("weight", "low", "high"), [(0.2, 40, 180), (1.0, 500, 500)])
def test_a_shadow_gets_its_share(weight: float, low: int, high: int) -> None:
    model, told = Model(weight), list[str]()
    model.may.set()
    made = beside(model, Invocations(), told)
    for _ in range(500):
        made.answered(b"x", HEADERS, ANSWER)
    made.stop()
    assert low <= sum(numbers(told[0])) <= high


def test_answers_are_captured_and_errors_are_not() -> None:
    written: dict[str, bytes] = {}
    objects = SimpleNamespace(write=lambda data, uri: written.update({uri: data}))
    wanted = {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://b/x/",
        "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
    }
    capture = Capture("e", wanted, cast("Objects", objects), print)
    model = Model()
    model.may.set()
    made = beside(model, Invocations(), [], capture)
    made.answered(b"x", HEADERS, ANSWER)
    made.answered(b"x", {}, Reply(200, {"content-type": "image/png"}, b"\x00"))
    made.answered(b"x", HEADERS, Reply(503, {}, b"busy"))
    eventually(lambda: model.asked == 3)
    made.stop()
    lines = [line for data in written.values() for line in data.decode().splitlines()]
    assert all(uri.startswith("s3://b/x/e/") for uri in written)
    assert len([line for line in lines if '"inferenceId": "one"' in line]) == 3
    assert len([line for line in lines if '"BASE64"' in line]) == 1
