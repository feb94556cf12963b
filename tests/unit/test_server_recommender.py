"""A recommender behind the serving contract, of a model made by hand: eight items in two groups."""

import asyncio
import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from server import recommending
from server.admission import Busy
from server.config import Config
from server.model import UnusableModel, kind_of
from server.recommender import Recommender
from server.recommending import MOST_LINES
from tagline.formats.kinds import Kind
from tagline.formats.recommending import MOST_ITEMS, RecommendRequest

GOLDEN = Path(__file__).parent / "golden/recommender"
JSON, LINES = {"content-type": "application/json"}, {"content-type": "application/jsonlines"}


@pytest.fixture(scope="module")
def model() -> Recommender:
    return Recommender.load(GOLDEN)


@pytest.fixture(scope="module")
def client(model: Recommender) -> TestClient:
    config = Config.of({"TAGLINE_MAX_BODY_BYTES": "200000", "TAGLINE_WORKERS": "2"})
    return TestClient(recommending.build(model, config), raise_server_exceptions=False)


def ask(client: TestClient, **request: Any) -> Any:
    answer = client.post("/invocations", content=json.dumps(request), headers=JSON)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(answer: Any) -> list[str]:
    return [one["item"] for one in answer["recommendations"]]


def test_a_history_is_answered_with_its_group(client: TestClient) -> None:
    found = ask(client, items=["i0", "i2"], exclude=["i0", "i2"], top_k=2)
    assert ids(found) == ["i4", "i6"]
    assert (found["run"], found["basis"], found["unknown"]) == (
        "films-0123456789abcdef",
        "history",
        [],
    )
    assert [one["title"] for one in found["recommendations"]] == ["Item 4", "Item 6"]
    scores = [one["score"] for one in found["recommendations"]]
    assert scores == sorted(scores, reverse=True)


def test_what_is_not_excluded_may_come_again(client: TestClient) -> None:
    assert "i0" in ids(ask(client, items=["i0", "i2"], top_k=4))


def test_the_newest_item_counts_most_and_once(client: TestClient) -> None:
    assert ids(ask(client, items=["i1", "i0"], top_k=1)) == ["i2"]
    assert ids(ask(client, items=["i0", "i1"], top_k=1)) == ["i3"]
    assert ask(client, items=["i0", "i1", "i0"]) == ask(client, items=["i1", "i0"])


@pytest.mark.parametrize("items", [[], ["nobody", "knows"]])
def test_without_a_known_item_the_popular_ones_are_told(
    client: TestClient, items: list[str]
) -> None:
    found = ask(client, items=items, top_k=8)
    assert found["basis"] == "popularity"
    assert found["unknown"] == items
    assert ids(found) == [f"i{n}" for n in range(8)]  # i1 and i2 are equal: by their order
    assert found["recommendations"][7]["title"] is None


def test_unknown_items_are_named_once_and_passed_over(client: TestClient) -> None:
    found = ask(client, items=["x", "i0", "y", "x"], exclude=["z", "i2"], top_k=1)
    assert (ids(found), found["basis"], found["unknown"]) == (["i4"], "history", ["y", "x"])


def test_there_are_no_more_than_are_left(client: TestClient) -> None:
    everything = [f"i{n}" for n in range(8)]
    assert len(ids(ask(client, items=["i0"], top_k=100))) == 8
    assert ids(ask(client, items=["i0"], exclude=[*everything[1:], "i1"])) == ["i0"]
    assert ids(ask(client, items=["i0"], exclude=everything)) == []
    assert len(ids(ask(client))) == 8


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "the request"),
        (b"[]", "Expected `object`"),
        (b'{"items": "i0"}', "items"),
        (b'{"items": [1]}', "items[0]"),
        (b'{"top_k": 0}', "top_k"),
        (b'{"top_k": 101}', "top_k"),
        (json.dumps({"items": ["i0"] * (MOST_ITEMS + 1)}).encode(), "items"),
        (b'{"items": ["\xff"]}', "the request"),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong(
    client: TestClient, content: bytes, why: str
) -> None:
    answer = client.post("/invocations", content=content, headers=JSON)
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")
    assert why in answer.json()["detail"]


def test_a_large_body_and_another_type_are_refused(client: TestClient) -> None:
    large = client.post("/invocations", content=b" " * 200_001, headers=JSON)
    assert (large.status_code, large.json()["error"]) == (413, "object_too_large")
    image = client.post("/invocations", content=b"x", headers={"content-type": "image/png"})
    assert (image.status_code, image.json()["error"]) == (415, "unsupported_content_type")
    assert client.get("/ping").status_code == 200


def test_lines_are_answered_line_by_line(client: TestClient) -> None:
    body = b'{"items": ["i0"], "exclude": ["i0"], "top_k": 1}\n\n{"items": ["i1"], "top_k": 2}\n'
    answer = client.post("/invocations", content=body, headers=LINES)
    assert answer.headers["content-type"] == "application/jsonlines"
    found = [json.loads(line) for line in answer.text.splitlines()]
    assert [ids(each) for each in found] == [["i2"], ["i3", "i5"]]


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (b"\n \n", 400, "no line"),
        (b"{}\n\n{", 400, "line 3"),
        (b"{}\n" * (MOST_LINES + 1), 413, "1,001 lines"),
    ],
)
def test_lines_that_cannot_be_answered_are_named(
    client: TestClient, body: bytes, status: int, why: str
) -> None:
    answer = client.post("/invocations", content=body, headers=LINES)
    assert answer.status_code == status
    assert why in answer.json()["detail"]


def test_a_server_with_too_much_to_do_says_when_to_come_back(model: Recommender) -> None:
    config = dataclasses.replace(Config.of({}), workers=1, patience=1)
    served = recommending._Ratings(model, config)

    async def crowded() -> str:
        async with served._lane.turn(100):
            try:
                await served._answered([RecommendRequest()])
            except Busy as exc:
                return str(exc)
        return ""

    assert "there is work" in asyncio.run(crowded())


def changed(tmp_path: Path, name: str, content: bytes | None) -> Path:
    folder = tmp_path / "model"
    shutil.copytree(GOLDEN, folder)
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("items.csv", None, "items.csv cannot be read"),
        ("items.csv", b"item,title\n", "items.csv cannot be read"),
        ("items.csv", b"item,title\ni0,\n", "scores 8 items, items.csv names 1"),
        ("model.onnx", b"nonsense", "model.onnx cannot be loaded"),
        ("model.json", b'{"kind": "ratings"}', "model.json"),
    ],
)
def test_files_that_do_not_go_together_are_named(
    tmp_path: Path, name: str, content: bytes | None, why: str
) -> None:
    with pytest.raises(UnusableModel, match=why):
        Recommender.load(changed(tmp_path, name, content))


def test_a_model_of_images_is_none_of_ratings(tmp_path: Path) -> None:
    assert kind_of(GOLDEN) == Kind.RATINGS
    assert kind_of(changed(tmp_path, "model.json", b'{"labels": []}')) == Kind.IMAGES
    (tmp_path / "model/model.json").write_text('{"kind": "songs"}')
    with pytest.raises(UnusableModel, match="kind: Invalid"):
        kind_of(tmp_path / "model")


def test_a_history_is_heard_from_its_newest_end(
    model: Recommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.recommender.newest_heard", lambda _: 1)
    alone = model.answer(RecommendRequest(items=("i1",)))
    assert model.answer(RecommendRequest(items=("i0", "i2", "i1"))) == alone
