"""What a tag request may hold: images by their bytes, places in S3, queries, and their limits."""

import base64
import json
from collections.abc import Iterator

import pytest

from functions.tag import app as tag_app
from tagline.api import clients, requests
from tagline.api.images import MAX_IMAGE_BYTES
from tests.unit import run_documents
from tests.unit.api_world import (
    BUCKET,
    DATASET,
    SOURCE,
    World,
    api_world,
    event,
    image_event,
    problem,
    tag,
)

PNG = base64.b64decode(event("tag_png")["body"])
JPEG = b"\xff\xd8\xff\xe0" + bytes(20)
WEBP = b"RIFF\x24\0\0\0WEBPVP8L" + bytes(20)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with api_world(monkeypatch) as made:
        made.crown()
        yield made


@pytest.mark.parametrize(
    "declared",
    [
        "application/x-www-form-urlencoded",  # what curl --data-binary says
        "application/octet-stream",
        "application/x-image",
        "image/png",  # the bytes decide
        "IMAGE/JPEG; q=1",
        None,
    ],
)
@pytest.mark.parametrize(
    ("data", "content_type"), [(PNG, "image/png"), (JPEG, "image/jpeg"), (WEBP, "image/webp")]
)
def test_images_are_known_by_their_first_bytes(
    world: World, declared: str | None, data: bytes, content_type: str
) -> None:
    world.expect(
        [0.9] * 4,
        EndpointName=f"tagline-{DATASET}",
        ContentType=content_type,
        Accept="application/json",
        Body=data,
    )
    assert tag(image_event(data, declared)).status == 200


def test_curl_with_json_and_no_content_type_is_understood(world: World) -> None:
    world.put("a.png", PNG, SOURCE)
    world.expect(
        [0.9] * 4,
        EndpointName=f"tagline-{DATASET}",
        ContentType="image/png",
        Accept="application/json",
        Body=PNG,
    )
    sent = image_event(b' {"s3_uri": "s3://artwork/a.png"}', "application/x-www-form-urlencoded")
    assert tag(sent).status == 200


@pytest.mark.parametrize(
    ("data", "declared", "expected"),
    [
        (b"", "image/png", (400, "empty_body")),
        (b"GIF89a" + bytes(9), "image/png", (415, "unsupported_image")),
        (b"<html>", "application/octet-stream", (415, "unsupported_image")),
        (b"--x\r\n", "multipart/form-data; boundary=x", (415, "unsupported_image")),
        (b"hello", "text/plain", (415, "unsupported_image")),
        (b"<svg/>", "image/svg+xml", (415, "unsupported_image")),
        (b"{", "application/json", (400, "bad_json")),
        (b"[]", "application/json", (400, "bad_json")),
        (b"{}", "application/json", (400, "bad_json")),
        (b'{"s3_uri": "s3://data/a", "url": "x"}', "application/json", (400, "bad_json")),
        (b'{"s3_uri": 7}', "application/json", (400, "bad_s3_uri")),
        (b'{"s3_uri": "' + b"[" * 9000 + b'"}', "application/json", (400, "bad_s3_uri")),
        (b"[" * 9000, "application/json", (400, "bad_json")),
        (b" " * 17000, "application/json", (400, "bad_json")),
    ],
)
def test_bodies_that_are_no_image(
    world: World, data: bytes, declared: str, expected: tuple[int, str]
) -> None:
    assert problem(tag(image_event(data, declared))) == expected


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("http://127.0.0.1/a.png", (400, "bad_s3_uri")),
        ("s3://data", (400, "bad_s3_uri")),
        ("s3://user:pass@data/a.png", (400, "bad_s3_uri")),
        ("s3://data/", (400, "bad_s3_uri")),
        ("s3://Data/a.png", (400, "bad_s3_uri")),
        ("s3://data/../secrets/a.png", (400, "bad_s3_uri")),
        ("s3://data/a/..", (400, "bad_s3_uri")),
        ("s3://data/a\u2028b.png", (400, "bad_s3_uri")),
        ("s3://data/a\x7fb.png", (400, "bad_s3_uri")),
        ("s3://data/" + "\u5706" * 342, (400, "bad_s3_uri")),  # 1,026 bytes
        ("s3://data/a\nb.png", (400, "bad_s3_uri")),
        ("s3://data/" + "k" * 1025, (400, "bad_s3_uri")),
        ("s3://data/\ud800", (400, "bad_s3_uri")),
        ("s3://secrets/a.png", (403, "not_allowed_bucket")),
        ("s3://secrets/nothing.png", (403, "not_allowed_bucket")),
        ("s3://data/a.png", (403, "not_allowed_bucket")),
        ("s3://data/nothing.png", (403, "not_allowed_bucket")),
        ("s3://data/noto-5/a.png", (403, "not_allowed_bucket")),
        ("s3://data/noto-500/a.png", (403, "not_allowed_bucket")),
        ("s3://data/noto-50/nothing.png", (422, "missing_object")),
        ("s3://elsewhere/a.png", (422, "missing_object")),
        ("s3://data/noto-50/empty.png", (422, "empty_object")),
        ("s3://data/noto-50/page.html", (415, "unsupported_image")),
    ],
)
def test_places_that_hold_no_image(world: World, uri: str, expected: tuple[int, str]) -> None:
    world.put("noto-50/empty.png", b"")
    world.put("noto-50/page.html", b"<html>")
    world.put("a.png", PNG, "secrets")
    for key in ("a.png", "noto-5/a.png", "noto-500/a.png"):
        world.put(key, PNG)
    sent = image_event(json.dumps({"s3_uri": uri}).encode(), "application/json")
    assert problem(tag(sent)) == expected


def test_an_object_is_measured_before_it_is_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put("noto-50/big.png", PNG + bytes(MAX_IMAGE_BYTES))
    monkeypatch.setattr(clients.s3(), "get_object", None)  # reading would fail loudly
    monkeypatch.setattr(tag_app.champions(), "of", lambda _: run_documents.champion())
    sent = image_event(
        f'{{"s3_uri": "s3://{BUCKET}/noto-50/big.png"}}'.encode(), "application/json"
    )
    assert problem(tag(sent)) == (413, "object_too_large")


def test_the_largest_body_passes_and_one_byte_more_names_the_other_way(world: World) -> None:
    world.expect([0.9] * 4)
    fits = PNG + bytes(requests.MAX_BODY_BYTES - len(PNG))
    assert tag(image_event(fits, "image/png")).status == 200
    reply = tag(image_event(fits + b"\0", "image/png"))
    assert problem(reply) == (413, "body_too_large")
    assert "s3_uri" in reply.json["detail"]


@pytest.mark.parametrize("body", ["%%%%", "abc", "ä"])
def test_bad_base64(world: World, body: str) -> None:
    assert problem(tag(event("tag_png", body=body))) == (400, "bad_base64")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"threshold": "nan"}, "bad_query"),
        ({"threshold": "-0.1"}, "bad_query"),
        ({"threshold": "1.01"}, "bad_query"),
        ({"threshold": ""}, "bad_query"),
        ({"threshold": "0.1,0.2"}, "bad_query"),  # given twice
        ({"top_k": "0"}, "bad_query"),
        ({"top_k": "-1"}, "bad_query"),
        ({"top_k": "1000000000"}, "bad_query"),
        ({"top_k": "1.0"}, "bad_query"),
        ({"topk": "3"}, "unknown_parameter"),
    ],
)
def test_bad_queries(world: World, query: dict[str, str], code: str) -> None:
    assert problem(tag(event("tag_png", queryStringParameters=query))) == (400, code)


def test_what_may_not_be_named_is_not_looked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tag_app.champions(), "of", lambda _: run_documents.champion())
    monkeypatch.setattr(clients.s3(), "head_object", None)
    monkeypatch.setattr(clients.s3(), "get_object", None)
    said = set()
    for uri in ("s3://data/zoo/a.png", "s3://data/champion.json"):
        reply = tag(image_event(json.dumps({"s3_uri": uri}).encode(), "application/json"))
        assert problem(reply) == (403, "not_allowed_bucket")
        said.add(reply.json["detail"])
    assert len(said) == 1
