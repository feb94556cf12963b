"""Source buckets are read at the reader's cost where the stack says so; the data bucket is not."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from tagline.aws import clients
from tagline.aws.requester_pays import paying


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.setenv("SOURCE_BUCKETS", "theirs")
    monkeypatch.setenv("SOURCE_REQUESTER_PAYS", "true")
    clients.forget()
    yield monkeypatch
    monkeypatch.undo()
    clients.forget()


def offered(operation: str, **request: str) -> bool:
    """Tell whether a request offers to pay."""
    make: Any = boto3.client
    client = paying(
        make("s3", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    )
    sent: list[Any] = []

    def answer(request: Any, **_: object) -> Any:
        sent.append(request)
        headers: Any = {"content-length": "0"}
        return AWSResponse(request.url, 200, headers, _Empty())

    client.meta.events.register("before-send.s3", answer)
    getattr(client, operation)(**request)
    return sent[0].headers.get("x-amz-request-payer") in ("requester", b"requester")


class _Empty:
    def read(self, *_: object) -> bytes:
        return b""

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        return iter(())


READS = [
    ("get_object", {"Key": "a"}),
    ("head_object", {"Key": "a"}),
    ("list_objects_v2", {"Prefix": "a"}),
]


@pytest.mark.parametrize(("operation", "request_"), READS)
def test_a_source_bucket_is_paid_for(
    said: pytest.MonkeyPatch, operation: str, request_: dict[str, str]
) -> None:
    assert offered(operation, Bucket="theirs", **request_)
    assert not offered(operation, Bucket="ours", **request_)


@pytest.mark.parametrize("setting", ["false", ""])
def test_nothing_is_offered_unless_the_stack_says_so(
    said: pytest.MonkeyPatch, setting: str
) -> None:
    said.setenv("SOURCE_REQUESTER_PAYS", setting)
    clients.forget()
    assert not offered("get_object", Bucket="theirs", Key="a")
