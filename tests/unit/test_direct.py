"""GetObject by the direct way: what the SDK would answer, and the SDK itself for the rest."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from tagline.aws.direct import DirectReads

BUCKET = "images"


class Counted:
    """A client of a mocked S3 with direct reads, which counts what is asked of the SDK."""

    def __init__(self, **config: Any) -> None:
        session = boto3.Session("k", "s", region_name="eu-west-1")
        self.s3: Any = session.client("s3", config=Config(**config))
        self.by_sdk = 0
        self.sent: list[Any] = []
        own = self.s3.get_object

        def counted(**wanted: Any) -> Any:
            self.by_sdk += 1
            return own(**wanted)

        vars(self.s3)["get_object"] = counted
        DirectReads(session, self.s3, 4, (1, 1))
        self.s3.meta.events.register("before-send.s3.GetObject", self._note)
        place: Any = {"LocationConstraint": "eu-west-1"}
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)

    def _note(self, request: Any, **_event: object) -> None:
        self.sent.append(request)

    def put(self, key: str, body: bytes, **metadata: str) -> str:
        put = self.s3.put_object
        return str(put(Bucket=BUCKET, Key=key, Body=body, Metadata=metadata)["ETag"])

    def read(self, key: str, **more: Any) -> bytes:
        with self.s3.get_object(Bucket=BUCKET, Key=key, **more)["Body"] as body:
            return bytes(body.read())


@pytest.fixture(params=["path", "virtual"])
def client(request: pytest.FixtureRequest) -> Iterator[Counted]:
    with mock_aws():
        yield Counted(s3={"addressing_style": request.param})


@pytest.mark.parametrize("key", ["a.png", "a b+c/ü~(1).png", "a%20b?x=1&y#z", "/a//b"])
def test_an_object_is_read_by_the_way_that_the_sdk_showed(client: Counted, key: str) -> None:
    client.put("first", b"1")
    etag = client.put(key, b"content")
    assert client.read("first") == b"1"
    answer = client.s3.get_object(Bucket=BUCKET, Key=key, IfMatch=etag)
    assert (answer["ETag"], answer["ContentLength"]) == (etag, 7)
    assert answer["Body"].read() == b"content"
    assert client.by_sdk == 1
    shown, direct = client.sent
    client.read(key, Range="bytes=0-")  # the SDK's own, once more
    assert direct.url == client.sent[-1].url
    assert direct.headers["If-Match"] == etag
    scope = shown.headers["Authorization"].partition(b",")[0].split(b"/", 1)
    assert direct.headers["Authorization"].encode().partition(b",")[0].split(b"/", 1) == scope


def test_metadata_are_told_as_the_sdk_tells_them(client: Counted) -> None:
    client.put("a", b"1", rows="x", answer="{}")
    by_sdk, direct = (client.s3.get_object(Bucket=BUCKET, Key="a") for _ in range(2))
    assert client.by_sdk == 1
    assert direct["Metadata"] == by_sdk["Metadata"] == {"rows": "x", "answer": "{}"}


def test_what_is_no_object_is_said_by_the_sdk(client: Counted) -> None:
    etag = client.put("a", b"1")
    client.read("a")
    for key, wanted, code in (("b", {}, "NoSuchKey"), ("a", {"IfMatch": '"x"'}, "Precondition")):
        with pytest.raises(ClientError, match=code):
            client.read(key, **wanted)
    assert client.by_sdk == 3
    client.put("empty", b"")
    assert client.s3.get_object(Bucket=BUCKET, Key="empty")["ContentLength"] == 0
    assert client.read("a", IfMatch=etag) == b"1"
    assert client.by_sdk == 3


def test_a_connection_that_breaks_is_the_sdks_to_mend(
    client: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.put("a", b"1")
    client.read("a")

    def broken(*_: object) -> None:
        raise EndpointConnectionError(endpoint_url="x")

    monkeypatch.setattr(DirectReads, "_sent", broken)
    assert client.read("a") == b"1"
    monkeypatch.undo()
    assert client.read("a") == b"1"  # shows the way again
    assert client.read("a") == b"1"
    assert client.by_sdk == 3


def test_what_is_asked_for_besides_is_the_sdks(client: Counted) -> None:
    client.put("a", b"content")
    client.read("a")
    assert client.read("a", Range="bytes=1-2") == b"on"
    assert client.by_sdk == 2
    client.s3.create_bucket(
        Bucket="other", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    with pytest.raises(ClientError, match="NoSuchKey"):
        client.s3.get_object(Bucket="other", Key="a")
    assert client.by_sdk == 3


def test_who_pays_is_told_each_time(client: Counted) -> None:
    def offer(params: dict[str, Any], **_event: object) -> None:
        params["RequestPayer"] = "requester"

    client.s3.meta.events.register("provide-client-params.s3.GetObject", offer)
    client.put("a", b"1")
    client.read("a")
    client.read("a")
    assert client.by_sdk == 1
    assert client.sent[1].headers["x-amz-request-payer"] == "requester"
