"""FetchShard: a tar of a shard's images, one verdict a row, and nothing half-written."""

import io
import tarfile
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, IncompleteReadError
from botocore.response import StreamingBody

from tagline.fetching import arriving, image
from tagline.fetching.image import ShardOutOfTime, fetch_image
from tagline.fetching.shard import fetch_shard
from tagline.formats.reasons import Reason
from tagline.formats.rows import PlannedRow, Side
from tagline.formats.steps import FetchAnswer, FetchEvent
from tests.unit.ingest_world import BUCKET, World, world


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(monkeypatch) as made:
        made.drop(made.fill(40))
        made.plan()
        yield made


def fetch(demo: World, client: Any = None, seconds: float = 60) -> FetchAnswer:
    event = FetchEvent(bucket=BUCKET, run=demo.event.run, shard="00000")
    return fetch_shard(event, client or demo.s3, lambda: seconds)


def images(demo: World) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(demo.read("shards/00000.tar"))) as tar:
        found = {}
        for member in tar:
            assert (member.mtime, member.uid, member.mode) == (0, 0, 0o644)
            file = tar.extractfile(member)
            assert file is not None
            assert member.name not in found
            found[member.name] = file.read()
        return found


def test_fetches_a_shard(demo: World) -> None:
    rows = demo.lines("shards/00000.jsonl")
    answer = fetch(demo)
    assert answer == FetchAnswer(
        shard="00000",
        fetched=40,
        rejected=0,
        reused=0,
        left=0,
        bytes=sum(row["size"] for row in rows),
    )
    assert images(demo) == {str(line): b"picture %d" % (line - 1) for line in range(1, 41)}
    verdicts = demo.lines("shards/00000.verdicts.jsonl")
    assert [verdict["line"] for verdict in verdicts] == [row["line"] for row in rows]
    assert {verdict["reason"] for verdict in verdicts} == {None}
    assert set(verdicts[0]) == {"line", "id", "path", "reason", "detail"}


def test_an_image_that_changed_or_went_is_a_verdict(demo: World) -> None:
    demo.image("3.png", b"other bytes")
    demo.s3.delete_object(Bucket=BUCKET, Key="demo/images/5.png")
    answer = fetch(demo)
    assert (answer.fetched, answer.rejected) == (38, 2)
    verdicts = {v["line"]: v for v in demo.lines("shards/00000.verdicts.jsonl")}
    assert verdicts[4]["reason"] == "object_changed"
    assert verdicts[6]["reason"] == "missing_object"
    assert "demo/images/5.png" in verdicts[6]["detail"]
    assert not {"4", "6"} & set(images(demo))


def test_a_finished_shard_is_not_fetched_again(demo: World) -> None:
    first = fetch(demo)
    demo.s3.delete_object(Bucket=BUCKET, Key="demo/images/5.png")
    assert fetch(demo) == first
    demo.put(f"demo/runs/{demo.event.run}/shards/00000.jsonl", demo.read("shards/00000.jsonl")[:-1])
    assert fetch(demo).rejected == 1  # the rows are others than those the verdicts are about


def test_equal_shards_hold_equal_images(demo: World) -> None:
    fetch(demo)
    first = images(demo)
    demo.s3.delete_object(
        Bucket=BUCKET, Key=f"demo/runs/{demo.event.run}/shards/00000.verdicts.jsonl"
    )
    fetch(demo)
    assert images(demo) == first


def test_a_shard_that_was_never_planned(demo: World) -> None:
    with pytest.raises(LookupError, match="shard 00009"):
        fetch_shard(
            FetchEvent(bucket=BUCKET, run=demo.event.run, shard="00009"), demo.s3, lambda: 60
        )


def test_out_of_time_leaves_nothing_visible(demo: World) -> None:
    before = demo.names()
    with pytest.raises(ShardOutOfTime):
        fetch(demo, seconds=-1)
    assert demo.names() == before


def test_a_stuck_image_cannot_outlive_the_time(
    demo: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "GRACE", 0.1)
    released = threading.Event()

    class Stuck:
        """The bucket, whose pictures never answer."""

        def __getattr__(self, name: str) -> Any:
            return getattr(demo.s3, name)

        def get_object(self, **request: Any) -> Any:
            if "IfMatch" in request:
                released.wait(30)
            return demo.s3.get_object(**request)

    try:
        with pytest.raises(ShardOutOfTime, match="retried"):
            fetch(demo, Stuck(), seconds=0.3)
    finally:
        released.set()
    assert "shards/00000.verdicts.jsonl" not in demo.names()


ROW = PlannedRow(
    line=1,
    id=1,
    path="k.png",
    bucket="b",
    key="k.png",
    etag="e",
    size=4,
    labels="01",
    split=Side.TRAIN,
)
FAR = float("inf")


class Scripted:
    """Answers GetObject with each of its steps: an error code or status, bytes, or broken bytes."""

    def __init__(self, *steps: str | int | bytes | BaseException) -> None:
        self.steps = list(steps)
        self.requests: list[dict[str, Any]] = []

    def get_object(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        step = self.steps.pop(0)
        if isinstance(step, str):
            raise ClientError({"Error": {"Code": step, "Message": f"{step}!"}}, "GetObject")
        if isinstance(step, int):
            error = {"Error": {"Code": str(step)}, "ResponseMetadata": {"HTTPStatusCode": step}}
            raise ClientError(error, "GetObject")  # type: ignore[arg-type]
        if isinstance(step, BaseException):
            return {"Body": Breaking(step), "ETag": '"e"'}
        return {"Body": StreamingBody(io.BytesIO(step), len(step)), "ETag": '"e"'}


class Breaking(io.BytesIO):
    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def read(self, size: int | None = -1, /) -> bytes:
        raise self.error


def test_asks_for_the_planned_version_only() -> None:
    client = Scripted(b"abcd")
    assert fetch_image(client, ROW, FAR).data == b"abcd"  # type: ignore[arg-type]
    assert client.requests == [{"Bucket": "b", "Key": "k.png", "IfMatch": '"e"'}]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("NoSuchKey", Reason.MISSING_OBJECT),
        ("NoSuchBucket", Reason.MISSING_OBJECT),
        ("PreconditionFailed", Reason.OBJECT_CHANGED),
        ("AccessDenied", Reason.ACCESS_DENIED),
        ("InvalidRequest", Reason.ACCESS_DENIED),  # encrypted with a key of the customer's
        ("AllAccessDisabled", Reason.ACCESS_DENIED),
        ("KMS.DisabledException", Reason.ACCESS_DENIED),
        ("KMS.KMSInvalidStateException", Reason.ACCESS_DENIED),
        ("InvalidObjectState", Reason.ARCHIVED_OBJECT),
    ],
)
def test_refusals_are_verdicts(code: str, reason: Reason) -> None:
    fetched = fetch_image(Scripted(code), ROW, FAR)  # type: ignore[arg-type]
    assert (fetched.data, fetched.reason) == (None, reason)
    assert fetched.detail == f"{code}: {code}! (s3://b/k.png)"


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidAccessKeyId", "RequestTimeTooSkewed"])
def test_what_is_no_fault_of_the_image_is_raised(code: str) -> None:
    with pytest.raises(ClientError, match=code):
        fetch_image(Scripted(code), ROW, FAR)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "step",
    ["SlowDown", "RequestTimeout", "KMS.ThrottlingException", "KMS.KMSInternalException", 502],
)
def test_what_may_pass_is_retried_with_growing_jitter(
    step: str | int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: low + high)
    waits: list[float] = []
    client = Scripted(*[step] * 9, b"abcd")
    assert fetch_image(client, ROW, FAR, waits.append).data == b"abcd"  # type: ignore[arg-type]
    assert waits == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 20.0, 20.0])


def test_throttling_until_the_deadline_ends_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    def wait(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(image, "time", SimpleNamespace(monotonic=lambda: now))
    with pytest.raises(ShardOutOfTime, match=r"SlowDown.*s3://b/k\.png"):
        fetch_image(Scripted(*["SlowDown"] * 10_000), ROW, 800.0, wait)  # type: ignore[arg-type]
    assert 700 < now < 800


def test_an_image_that_is_called_off_is_not_asked_for_again() -> None:
    client = Scripted("SlowDown")
    with pytest.raises(ShardOutOfTime):
        fetch_image(client, ROW, FAR, lambda _: True)  # type: ignore[arg-type]
    assert len(client.requests) == 1


@pytest.mark.parametrize("body", [b"abc", b"abcde", b""])
def test_another_length_is_another_object(body: bytes) -> None:
    assert fetch_image(Scripted(body), ROW, FAR).reason is Reason.OBJECT_CHANGED  # type: ignore[arg-type]


def test_a_body_that_breaks_off_is_read_again() -> None:
    broken = IncompleteReadError(actual_bytes=1, expected_bytes=4)
    client = Scripted(broken, broken, b"abcd")
    assert fetch_image(client, ROW, FAR, lambda _: None).data == b"abcd"  # type: ignore[arg-type]
    with pytest.raises(IncompleteReadError):
        fetch_image(Scripted(*[broken] * 4), ROW, FAR, lambda _: None)  # type: ignore[arg-type]


def test_a_body_that_drips_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0 + 2 * image.GRACE])
    monkeypatch.setattr(image, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    with pytest.raises(ShardOutOfTime):
        fetch_image(Scripted(b"abcd"), ROW, 1.0)  # type: ignore[arg-type]
