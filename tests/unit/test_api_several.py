"""Several images in one request, and tags of some labels only."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3 import encode_multipart_formdata

from functions.tag import app as tag_app
from tagline.api.forms import MAX_IMAGES, File, files_of
from tagline.api.problem import Problem
from tagline.api.tagging import named_labels
from tests.unit.api_world import (
    DATASET,
    LABELS,
    RUN,
    Reply,
    World,
    api_world,
    event,
    image_event,
    problem,
    tag,
)

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with api_world(monkeypatch) as made:
        made.crown()
        yield made


def send(*files: tuple[str, bytes], **query: str) -> Reply:
    body, kind = encode_multipart_formdata([(f"f{n}", file) for n, file in enumerate(files)])
    return tag(image_event(body, kind, queryStringParameters=query or None))


def test_each_image_has_its_verdict(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tagline.api.several.AT_ONCE", 1)  # the stub answers in this order
    world.expect([0.9, 0, 0, 0])
    told = {"OriginalStatusCode": 422, "OriginalMessage": '{"error": "too_large", "detail": "x"}'}
    world.refuse("ModelError", 424, **told)
    world.expect([0, 0.9, 0, 0])
    files = (("a.png", PNG), ("b.gif", b"GIF89a" + bytes(9)), ("c", PNG), ("d.png", b""))
    reply = send(*files, ("e.png", PNG))
    assert reply.status == 200
    verdicts = reply.json["images"]
    assert [each["image"] for each in verdicts] == ["a.png", "b.gif", "c", "d.png", "e.png"]
    codes = [each["problem"] and each["problem"]["code"] for each in verdicts]
    assert codes == [None, "unsupported_image", "too_large", "empty_body", None]
    assert verdicts[4]["tags"] == [{"label": "red", "score": 0.9}]
    assert verdicts[4]["model"]["run"] == RUN
    assert verdicts[1]["tags"] is verdicts[1]["model"] is None


def test_where_the_service_fails_all_of_them_it_says_so(world: World) -> None:
    for _ in range(2):
        world.refuse("ThrottlingException")
    reply = send(("a.png", PNG), ("b.png", PNG))
    assert problem(reply) == (503, "busy")
    assert reply.headers["Retry-After"]


def test_more_images_than_may_are_refused(world: World) -> None:
    reply = send(*[("a.png", PNG)] * (MAX_IMAGES + 1))
    assert problem(reply) == (413, "too_many_images")
    assert str(MAX_IMAGES) in reply.json["detail"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "multipart/form-data; boundary=x"),
        (b"--x--", "multipart/form-data; boundary=x"),
        (b"--y\r\n\r\n--y--", "multipart/form-data; boundary=x"),
        (b"--x\r\n\r\nabc\r\n--x--", "multipart/form-data; boundary=x"),
        (b"--x\r\nContent-Type: a/b\r\n\r\nabc\r\n--x--", "multipart/form-data; boundary=x"),
        (b'--x\r\nA: form-data; name="a"\r\n\r\nabc\r\n', "multipart/form-data; boundary=x"),
        (b'--x\r\nA: form-data; name="a"\r\n\r\nabc\r\n--x--', "multipart/form-data"),
    ],
)
def test_a_form_that_cannot_be_read_is_refused(world: World, body: bytes, kind: str) -> None:
    assert problem(tag(image_event(body, kind))) == (400, "bad_form")


@given(st.lists(st.tuples(st.text("ab .é/", min_size=1), st.binary()), min_size=1, max_size=4))
def test_a_form_that_others_write_is_read_byte_by_byte(files: list[tuple[str, bytes]]) -> None:
    body, kind = encode_multipart_formdata([("f", file) for file in files])
    assert files_of(body, kind) == [File(*file) for file in files]


@given(
    st.binary() | st.lists(st.sampled_from([b"\r\n", b"--x", b"--", b"name=", b'"'])).map(b"".join)
)
def test_any_body_is_a_form_or_a_problem(body: bytes) -> None:
    try:
        found = files_of(body, "multipart/form-data; boundary=x")
    except Problem as refused:
        found, status = [], refused.status
    assert found or status in {400, 413}


def test_labels_are_those_that_are_asked_for(world: World) -> None:
    def tags(labels: str, **query: str) -> list[str]:
        world.expect([0.9, 0.8, 0.95, 0.7])
        asked = query | {"labels": labels}
        reply = tag(event("tag_png", queryStringParameters=asked))
        assert reply.status == 200
        return [found["label"] for found in reply.json["tags"]]

    assert tags("red") == ["red"]
    assert tags(f"red,{LABELS[3]}") == ["red", LABELS[3]]  # a label with a comma in it
    assert tags("circle,red,striped", top_k="2") == ["striped", "circle"]
    assert tags("red", threshold="0.99") == []


@pytest.mark.parametrize("labels", ["blue", "", "red,", "red,,circle", "round", "Red"])
def test_what_is_no_label_is_named(world: World, labels: str) -> None:
    world.expect([0.9] * 4)
    reply = tag(event("tag_png", queryStringParameters={"labels": labels}))
    assert problem(reply) == (400, "unknown_label")


@given(st.lists(st.sampled_from(["a", "b", "a,b", "c,d,e"]), max_size=6))
def test_every_set_of_labels_can_be_asked_for(asked: list[str]) -> None:
    labels = ["a", "b", "c,d,e"]
    whole = {part for each in asked for part in (each.split(",") if each == "a,b" else [each])}
    if asked:
        assert named_labels(",".join(asked), labels) == whole


def test_the_dataset_is_said_once(world: World) -> None:
    world.expect([0.9] * 4)
    reply = send(("a.png", PNG))
    assert reply.json["dataset"] == DATASET
    assert json.loads(reply.text).keys() == {"dataset", "images"}
    assert tag_app.champions().of(DATASET).run == RUN
