"""A device's talk with IoT Jobs: each job is carried out and ends once, whatever gets lost."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tagline.formats.edge import EdgeUpdate
from tagline_device.cloud.jobs import Jobs
from tagline_device.errors import UpdateRefused
from tests.edge.device_world import Signer, archive, version
from tests.laptop import eventually

BASE = "$aws/things/cam/jobs"
UPDATE = Signer().job(archive(version(1)), version(1), "http://x")


class Talk:
    """A device's jobs, what it sent, and the cloud's part."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []
        self.carried_out: list[str] = []
        self.online = True
        self.fault: Exception | None = None
        self.go_on = threading.Event()
        self.go_on.set()
        self.jobs = Jobs("cam", self._carry_out, self._post, lambda _: None)

    def _carry_out(self, update: EdgeUpdate) -> str:
        self.go_on.wait(10)
        self.carried_out.append(update.version)
        if self.fault:
            raise self.fault
        return f"{update.version} runs"

    def _post(self, topic: str, payload: bytes) -> bool:
        if self.online:
            self.sent.append((topic, json.loads(payload)))
        return self.online

    def give(self, job: str, document: Any = UPDATE) -> None:
        told = {"execution": {"jobId": job, "jobDocument": document, "status": "IN_PROGRESS"}}
        self.jobs.hear(f"{BASE}/start-next/accepted", json.dumps(told).encode())

    def answer(self, job: str, kind: str = "accepted") -> None:
        self.jobs.hear(f"{BASE}/{job}/update/{kind}", b"{}")

    def reports(self) -> list[dict[str, Any]]:
        return [told for topic, told in self.sent if topic.endswith("/update")]

    def asked(self) -> int:
        return sum(topic == f"{BASE}/start-next" for topic, _ in self.sent)


@pytest.fixture
def talk() -> Iterator[Talk]:
    talk = Talk()
    talk.jobs.connected()
    assert talk.asked() == 1
    yield talk
    talk.go_on.set()


def test_a_job_is_carried_out_and_reported(talk: Talk) -> None:
    talk.give("one")
    (report,) = eventually(talk.reports)
    assert report == {"status": "SUCCEEDED", "statusDetails": {"reason": f"{version(1)} runs"}}
    talk.answer("one")
    assert talk.asked() == 2


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (UpdateRefused("download: the server\nanswers 403"), "download: the server answers 403"),
        (RuntimeError("x" * 2000), "RuntimeError: xxx"),
    ],
)
def test_what_fails_is_reported_with_the_reason(talk: Talk, fault: Exception, said: str) -> None:
    talk.fault = fault
    talk.give("one")
    (report,) = eventually(talk.reports)
    assert report["status"] == "FAILED"
    assert report["statusDetails"]["reason"].startswith(said)
    assert len(report["statusDetails"]["reason"]) <= 1024


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"operation": "reboot"}, "operation 'reboot' is unknown; 'tagline-update' is done"),
        ({}, "operation 'None' is unknown"),
        ("text", "operation 'None' is unknown"),
        (None, "operation 'None' is unknown"),
        (UPDATE | {"version": "latest"}, "version"),
        ({key: value for key, value in UPDATE.items() if key != "signature"}, "signature"),
        (UPDATE | {"url": 7}, "url"),
    ],
)
def test_a_document_that_is_no_update_fails(talk: Talk, document: Any, said: str) -> None:
    talk.give("one", document)
    (report,) = eventually(talk.reports)
    assert report["status"] == "FAILED"
    assert said in report["statusDetails"]["reason"]
    assert talk.carried_out == []


def test_a_job_that_is_given_twice_is_carried_out_once(talk: Talk) -> None:
    talk.go_on.clear()
    talk.give("one")
    talk.give("one")
    talk.jobs.hear(f"{BASE}/notify-next", b'{"execution": {"jobId": "one"}}')
    talk.go_on.set()
    eventually(talk.reports)
    talk.answer("one")
    talk.answer("one")
    assert talk.carried_out == [version(1)]
    assert talk.asked() == 2


def test_a_report_that_was_lost_is_sent_again(talk: Talk) -> None:
    talk.go_on.clear()
    talk.give("one")
    talk.online = False
    talk.go_on.set()
    eventually(lambda: talk.carried_out)
    eventually(lambda: talk.jobs._report)
    assert talk.reports() == []
    talk.online = True
    talk.jobs.connected()
    talk.jobs.connected()
    assert len(talk.reports()) == 2
    assert talk.carried_out == [version(1)]
    talk.answer("one")
    talk.jobs.connected()
    assert len(talk.reports()) == 2


def test_a_report_that_is_refused_was_of_a_job_that_is_over(talk: Talk) -> None:
    talk.give("one")
    eventually(talk.reports)
    talk.answer("one", "rejected")
    talk.give("one")  # it would be carried out and refused for ever
    talk.give("two")
    eventually(lambda: len(talk.reports()) == 2)
    assert talk.carried_out == [version(1)] * 2


@pytest.mark.parametrize(
    "payload", [b"no json", b"[]", b"{}", b'{"execution": {}}', b'{"execution": 3}']
)
def test_odd_answers_change_nothing(talk: Talk, payload: bytes) -> None:
    talk.jobs.hear(f"{BASE}/start-next/accepted", payload)
    talk.jobs.hear(f"{BASE}/notify-next", payload)
    assert talk.asked() == 1
    talk.give("one")
    eventually(talk.reports)
