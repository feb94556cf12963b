"""The serving contract, route by route: what SageMaker and the API rely on."""

import asyncio
import dataclasses
import io
import json
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from server.app import build
from server.config import Config
from server.explaining import cells_a_side
from server.model import Model, UnusableModel
from tagline.formats.models import WITH_HEAT, ImageScores
from tagline.formats.waiting import waiting
from tagline.imaging import decoding_cost, preprocess
from tests.integration.serving import DESCRIPTION, picture, put_model

PNG = {"content-type": "image/png"}
BYTES = 50_000


@pytest.fixture
def model(tmp_path: Path) -> Model:
    return Model.load(put_model(tmp_path), threads=1)


def config(**changes: Any) -> Config:
    plain = Config.of({"TAGLINE_MAX_BODY_BYTES": str(BYTES), "TAGLINE_WORKERS": "2"})
    return dataclasses.replace(plain, **changes)


@pytest.fixture
def client(model: Model) -> TestClient:
    return TestClient(build(model, config()), raise_server_exceptions=False)


def test_ping_is_empty_and_200(client: TestClient) -> None:
    answer = client.get("/ping")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_an_image_is_scored(client: TestClient, kind: str) -> None:
    headers = {
        "content-type": f"image/{kind}; q=1",
        "x-amzn-sagemaker-custom-attributes": "whatever",
        "x-unknown": "1",
    }
    image = picture((255, 0, 0), kind.upper())
    answer = client.post("/invocations", content=image, headers=headers)
    assert answer.status_code == 200
    body = answer.json()
    assert {k: body[k] for k in ("run", "created", "labels")} == {
        k: DESCRIPTION[k] for k in ("run", "created", "labels")
    }
    assert body["scores"] == pytest.approx(
        [1 / (1 + np.exp(-5)), *[1 / (1 + np.exp(5))] * 2], abs=2e-3
    )


def test_an_explanation_shows_where_the_colour_is(client: TestClient, model: Model) -> None:
    drawing = Image.new("RGB", (64, 64), "white")
    drawing.paste((255, 0, 0), (0, 0, 32, 32))
    stream = io.BytesIO()
    drawing.save(stream, "PNG")
    asked = PNG | {"accept": WITH_HEAT}
    body = client.post("/invocations", content=stream.getvalue(), headers=asked).json()
    plain = client.post("/invocations", content=stream.getvalue(), headers=PNG).json()
    assert body["scores"] == plain["scores"]
    assert "heat" not in plain
    side = cells_a_side(model)
    heat = np.array(body["heat"]["green"]).reshape(side, side)
    assert (heat[: side // 2, : side // 2] < 0).all()  # without the red there is more of green
    assert (heat[side // 2 + 1 :, side // 2 + 1 :] > 0).all()  # and less without the white


@pytest.mark.parametrize(("taken", "side"), [(0.001, 8), (0.05, 5), (0.5, 3), (30.0, 3)])
def test_a_slow_model_explains_in_fewer_cells(model: Model, taken: float, side: int) -> None:
    model.seconds = taken
    assert cells_a_side(model) == side


def test_serving_sees_exactly_the_pixels_that_packing_sees(
    client: TestClient, model: Model
) -> None:
    image = picture((10, 200, 90, 100), size=(91, 33))
    scores = client.post("/invocations", content=image, headers=PNG).json()["scores"]
    pixels = preprocess(image, model.description.image)
    assert scores == [float(score) for score in model.score(pixels)]


def test_transparency_is_white_not_black(client: TestClient) -> None:
    answer = client.post("/invocations", content=picture((0, 0, 0, 0)), headers=PNG)
    assert min(answer.json()["scores"]) > 0.99


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (picture((1, 2, 3)), "text/plain", 415, "unsupported_content_type"),
        (picture((1, 2, 3)), "", 415, "unsupported_content_type"),
        (b"", "image/png", 400, "empty_object"),
        (picture((1, 2, 3))[:-20], "image/png", 400, "undecodable_image"),
        (b"<html>", "image/jpeg", 415, "unsupported_image"),
        (b"GIF89a", "application/x-image", 415, "unsupported_image"),
        (b"\0" * (BYTES + 1), "image/png", 413, "object_too_large"),
        (
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\xff\xff\xff\0\xff\xff\xff\x08\2\0\0\0"
            b"\0\0\0\0" + b"\0\0\0\0IEND\xaeB`\x82",
            "image/png",
            413,
            "too_many_pixels",
        ),
    ],
)
def test_a_bad_request_is_told_why(
    client: TestClient, content: bytes, kind: str, status: int, code: str
) -> None:
    answer = client.post("/invocations", content=content, headers={"content-type": kind})
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert answer.json().keys() == {"error", "detail"}


def test_a_body_without_length_is_bounded_too(client: TestClient) -> None:
    answer = client.post("/invocations", content=iter([b"x" * 30_000] * 2), headers=PNG)
    assert (answer.status_code, answer.json()["error"]) == (413, "object_too_large")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/invocations", 405),
        ("POST", "/ping", 405),
        ("POST", "/models/x/invoke", 404),
    ],
)
def test_there_are_no_other_routes(client: TestClient, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()["error"]) == (status, "no_such_route")


def test_each_request_leaves_one_line_and_pings_none(
    client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    client.get("/ping")
    client.post("/invocations", content=b"", headers=PNG)
    client.get("/a%0Ab")
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["method"], first["path"], first["status"]) == ("POST", "/invocations", 400)
    assert (second["path"], second["status"]) == ("/a\nb", 404)


class SlowModel(Model):
    """A model that answers only when it is let."""

    def __init__(self, model: Model, seconds: float = 60.0) -> None:
        self.description = model.description
        self.seconds = seconds
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Event()

    def answer(self, pixels: NDArray[np.uint8]) -> ImageScores:
        self.begun.release()
        self.go_on.wait(20)
        return ImageScores(run="", created="", labels=(), scores=())


Talk = Callable[[httpx2.AsyncClient], Awaitable[Any]]


def talk(app: Starlette, with_client: Talk) -> Any:
    """Return what a conversation with the application comes to."""

    async def talking() -> Any:
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://server") as client:
            return await with_client(client)

    return asyncio.run(talking())


def asking(client: httpx2.AsyncClient, image: bytes, **headers: str) -> asyncio.Task[Any]:
    return asyncio.create_task(
        client.post("/invocations", content=image, headers={**PNG, **headers})
    )


def test_what_would_wait_too_long_is_told_to_come_back(model: Model) -> None:
    slow = SlowModel(model)

    async def conversation(client: httpx2.AsyncClient) -> list[httpx2.Response]:
        waiting = [asking(client, picture((1, 2, 3))) for _ in range(2)]
        for _ in waiting:
            await asyncio.to_thread(slow.begun.acquire, timeout=20)
        refused = await asking(client, picture((1, 2, 3)))
        healthy = await client.get("/ping")
        slow.go_on.set()
        return [refused, healthy, *await asyncio.gather(*waiting)]

    refused, healthy, *answered = talk(build(slow, config(workers=2)), conversation)
    assert (refused.status_code, refused.json()["error"]) == (503, "busy")
    assert refused.headers["retry-after"] == str(refused.json()["retry_after"]) == "121"
    assert [r.status_code for r in (healthy, *answered)] == [200, 200, 200]


def test_a_small_image_is_answered_while_a_large_one_is_decoded(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def decoding(*_: object, **__: object) -> NDArray[np.uint8]:
        begun.set()
        await go_on.wait()
        return np.zeros((32, 32, 3), np.uint8)

    monkeypatch.setattr("anyio.to_process.run_sync", decoding)
    large = picture((1, 2, 3), size=(6000, 6000))

    async def conversation(client: httpx2.AsyncClient) -> list[httpx2.Response]:
        first = asking(client, large)
        await begun.wait()
        second = [asking(client, large) for _ in range(6)]
        small = await asyncio.gather(*(asking(client, picture((1, 2, 3))) for _ in range(50)))
        refused = [task for task in second if task.done()]
        assert not first.done()
        go_on.set()
        await asyncio.gather(first, *second)
        return [first.result(), *small, *(task.result() for task in refused)]

    found = talk(build(model, config(max_body=10**6)), conversation)
    assert [answer.status_code for answer in found[:51]] == [200] * 51
    assert found[51:]  # more large ones than are done in time
    assert {(r.status_code, r.json()["error"]) for r in found[51:]} == {(503, "busy")}


def test_a_large_image_comes_out_the_same_from_a_process_of_its_own(model: Model) -> None:
    image = picture((10, 200, 90, 100), size=(2400, 1800))
    assert decoding_cost(image, model.description.image).seconds > 0.1
    client = TestClient(build(model, config()))
    scores = client.post("/invocations", content=image, headers=PNG).json()["scores"]
    pixels = preprocess(image, model.description.image)
    assert scores == [float(score) for score in model.score(pixels)]
    cut = client.post("/invocations", content=image[:-200], headers=PNG)
    assert (cut.status_code, cut.json()["error"]) == (400, "undecodable_image")


def test_who_waits_no_longer_is_not_worked_for(model: Model) -> None:
    slow = SlowModel(model, seconds=0.001)
    attributes = {"x-amzn-sagemaker-custom-attributes": waiting(0.05)}

    async def conversation(client: httpx2.AsyncClient) -> httpx2.Response:
        patient = [asking(client, picture((1, 2, 3))) for _ in range(2)]
        for _ in patient:
            await asyncio.to_thread(slow.begun.acquire, timeout=20)
        late: httpx2.Response = await asking(client, picture((1, 2, 3)), **attributes)
        slow.go_on.set()
        await asyncio.gather(*patient)
        return late

    late = talk(build(slow, config(workers=2)), conversation)
    assert (late.status_code, late.json()["error"]) == (503, "busy")
    assert not slow.begun.acquire(blocking=False)


def test_nobody_works_for_who_waits_no_more(client: TestClient) -> None:
    headers = {**PNG, "x-amzn-sagemaker-custom-attributes": waiting(0)}
    answer = client.post("/invocations", content=picture((1, 2, 3)), headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (503, "busy")


def test_a_callers_leaving_ends_its_wait(model: Model, capsys: pytest.CaptureFixture[str]) -> None:
    """ASGI as a server speaks it: the third request's client leaves while the two others go on."""
    slow = SlowModel(model, seconds=0.001)
    app = build(slow, config(workers=2))

    async def send(_: object) -> None:
        return None

    async def request(left: asyncio.Event) -> None:
        told = [{"type": "http.request", "body": picture((1, 2, 3)), "more_body": False}]

        async def receive() -> Any:
            if told:
                return told.pop()
            await left.wait()
            return {"type": "http.disconnect"}

        headers = [(b"content-type", b"image/png")]
        scope = {"type": "http", "method": "POST", "path": "/invocations", "headers": headers}
        await app({**scope, "query_string": b"", "http_version": "1.1"}, receive, send)

    async def conversation() -> None:
        never, left = asyncio.Event(), asyncio.Event()
        staying = [asyncio.create_task(request(never)) for _ in range(2)]
        for _ in staying:
            await asyncio.to_thread(slow.begun.acquire, timeout=20)
        leaving = asyncio.create_task(request(left))
        left.set()
        await leaving
        slow.go_on.set()
        await asyncio.gather(*staying)

    asyncio.run(conversation())
    assert not slow.begun.acquire(blocking=False)
    lines = map(json.loads, capsys.readouterr().out.splitlines())
    assert [line["status"] for line in lines] == [499, 200, 200]


Change = Callable[[Path], None]


def _cut(folder: Path) -> None:
    path = folder / "model.onnx"
    path.write_bytes(path.read_bytes()[:100])


def _rename(folder: Path) -> None:
    path = folder / "model.onnx"
    path.write_bytes(path.read_bytes().replace(b"data", b"dada"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda folder: (folder / "model.json").unlink(), "model.json"),
        (lambda folder: (folder / "model.json").write_text("{"), "model.json is not JSON"),
        (lambda folder: (folder / "model.json").write_text("{}"), "model.json: .* field `labels`"),
        (
            lambda folder: (folder / "model.json").write_text('{"format": 2, "labels": 1}'),
            "model.json is of format 2",
        ),
        (lambda folder: (folder / "model.onnx").unlink(), "cannot be loaded"),
        (_cut, "cannot be loaded"),
        (_rename, "expected 'data' and 'scores'"),
    ],
)
def test_a_broken_model_is_named_at_the_start(tmp_path: Path, change: Change, says: str) -> None:
    folder = put_model(tmp_path)
    change(folder)
    with pytest.raises(UnusableModel, match=says):
        Model.load(folder, threads=1)


def test_labels_that_do_not_fit_the_scores_are_named(tmp_path: Path) -> None:
    folder = put_model(tmp_path, labels=["red", "green"])
    with pytest.raises(UnusableModel, match="2 labels"):
        Model.load(folder, threads=1)
