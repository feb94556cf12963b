"""What a tag request may hold: images by their bytes, places in S3, queries, and their limits."""

import base64
import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import ANY

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
        made.crown(source=f"s3://{SOURCE}/art/")
        yield made


@pytest.mark.parametrize(
    "declared",
    [
        "application/x-www-form-urlencoded",  # what curl --data-binary says
        "application/octet-stream",
        "application/x-image",
        "image/png",  # the bytes decide
        "IMAGE/JPEG; q=1",
        "binary/octet-stream",  # S3's
        "image/pjpeg",
        "image/x-png",
        "image/*",
        "image/svg+xml",
        "*/*",
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
        CustomAttributes="wait=12.000",
        InferenceId=ANY,
        Body=data,
    )
    assert tag(image_event(data, declared)).status == 200


def test_curl_with_json_and_no_content_type_is_understood(world: World) -> None:
    world.put("art/a.png", PNG, SOURCE)
    world.expect(
        [0.9] * 4,
        EndpointName=f"tagline-{DATASET}",
        ContentType="image/png",
        Accept="application/json",
        CustomAttributes="wait=12.000",
        InferenceId=ANY,
        Body=PNG,
    )
    sent = image_event(
        b' {"s3_uri": "s3://artwork/art/a.png"}', "application/x-www-form-urlencoded"
    )
    assert tag(sent).status == 200


@pytest.mark.parametrize(
    ("data", "declared", "expected"),
    [
        (b"", "image/png", (400, "empty_body")),
        (b"GIF89a" + bytes(9), "image/png", (415, "unsupported_image")),
        (b"<html>", "application/octet-stream", (415, "unsupported_image")),
        (b"--x\r\n", "multipart/form-data; boundary=x", (400, "bad_form")),
        (b"hello", "text/plain", (415, "unsupported_image")),
        (b"<svg/>", "image/svg+xml", (415, "unsupported_image")),
        (b"{", "application/json", (400, "bad_json")),
        (b'{"image": 7}', "application/json", (400, "bad_json")),
        (b'{"image": "%%%"}', "application/json", (400, "bad_base64")),
        (b'{"image": "YWJj"}', "application/json", (415, "unsupported_image")),
        (b'{"image": ""}', "application/json", (400, "empty_body")),
        (
            b'{"image": "YWJj", "s3_uri": "s3://data/noto-50/a"}',
            "application/json",
            (400, "bad_json"),
        ),
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
        ("s3://artwork/art/nothing.png", (422, "missing_object")),
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


OUT_OF_REACH = (
    "s3://data/zoo/a.png",  # another dataset's, there
    "s3://data/zoo/nothing.png",  # and not there
    "s3://data/nobody/a.png",  # of no dataset
    "s3://data/champion.json",
    f"s3://data/{DATASET}x/a.png",  # begins alike
    f"s3://data/{DATASET}/../zoo/a.png",  # would lead out of it, if keys were paths
    "s3://data/../secrets/a.png",
    f"s3://data/{DATASET}/..",
    "s3://artwork/artifacts/a.png",  # beside the source
    "s3://artwork/a.png",  # above it
    "s3://elsewhere/a.png",  # a source bucket, but another dataset's
    "s3://secrets/a.png",  # no source bucket
    "s3://no-such-bucket/a.png",
)


def test_what_is_out_of_reach_is_refused_alike_and_not_looked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("zoo/a.png", f"{DATASET}x/a.png"):
        world.put(key, PNG)
    world.crown("zoo", "zoo-0123456789abcdef", "s3://elsewhere/")
    tag(asking(OUT_OF_REACH[0]))  # reads the champion and its source
    monkeypatch.setattr(clients.s3(), "_make_api_call", None)
    bodies = set()
    for uri in OUT_OF_REACH:
        reply = tag(asking(uri))
        assert problem(reply) == (403, "not_allowed_bucket"), uri
        bodies.add(reply.text)
    assert len(bodies) == 1


def test_a_source_that_the_stack_allows_no_more_is_out_of_reach(world: World) -> None:
    world.crown("zoo", "zoo-0123456789abcdef", "s3://secrets/")
    sent = asking("s3://secrets/a.png") | {"pathParameters": {"dataset": "zoo"}}
    assert problem(tag(sent)) == (403, "not_allowed_bucket")


def asking(uri: str) -> dict[str, Any]:
    return image_event(json.dumps({"s3_uri": uri}).encode(), "application/json")


def answered(world: World, sent: dict[str, Any], data: bytes = PNG) -> int:
    """Answer a request whose image must reach the endpoint as `data`."""
    world.expect(
        [0.9] * 4,
        EndpointName=f"tagline-{DATASET}",
        ContentType="image/png",
        Accept="application/json",
        CustomAttributes="wait=12.000",
        InferenceId=ANY,
        Body=data,
    )
    return tag(sent).status


@pytest.mark.parametrize(
    "key",
    ["Screenshot\u202f3.png", "a\u00a0b.png", "画像\u3000一.png", "👩\u200d🎨.png", "a\u2028b.png"],
)
def test_keys_are_legal_as_in_lists(world: World, key: str) -> None:
    world.put(f"{DATASET}/{key}", PNG)
    body = json.dumps({"s3_uri": f"s3://{BUCKET}/{DATASET}/{key}"}).encode()
    assert answered(world, image_event(body, "application/json")) == 200


@pytest.mark.parametrize(
    "text",
    [
        base64.b64encode(PNG).decode(),
        "data:image/png;base64," + base64.b64encode(PNG).decode(),
        "data:;base64," + base64.b64encode(PNG).decode(),
        base64.encodebytes(PNG).decode(),
        base64.urlsafe_b64encode(PNG).decode().rstrip("="),
    ],
)
@pytest.mark.parametrize("declared", ["application/json", None, "text/plain"])
def test_base64_as_json(world: World, text: str, declared: str | None) -> None:
    body = json.dumps({"image": text}).encode()
    assert answered(world, image_event(body, declared)) == 200


def test_a_large_image_as_json(world: World) -> None:
    image = PNG + bytes(3_000_000)
    body = json.dumps({"image": base64.b64encode(image).decode()}).encode()
    assert answered(world, image_event(body, "application/json"), image) == 200


@pytest.mark.parametrize(
    "data", [PNG, json.dumps({"image": base64.b64encode(PNG).decode()}).encode()]
)
@pytest.mark.parametrize("said", [True, False])
def test_gzip_bodies(world: World, data: bytes, said: bool) -> None:
    sent = image_event(gzip.compress(data), "application/octet-stream")
    if said:
        sent["headers"]["content-encoding"] = "gzip"
    assert answered(world, sent) == 200


def test_a_bomb_is_not_unpacked(world: World) -> None:
    sent = image_event(gzip.compress(bytes(200_000_000)), "application/octet-stream")
    assert problem(tag(sent)) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"\0\0\0\x18ftypheic" + bytes(20), "HEIC"),
        (b"\0\0\0\x18ftypmif1" + bytes(20), "HEIC"),
        (b"\0\0\0\x1cftypavif" + bytes(20), "AVIF"),
        (b"GIF89a" + bytes(20), "GIF"),
        (b"BM" + bytes(40), "BMP"),
        (b"II*\0" + bytes(40), "TIFF"),
        (b"MM\0*" + bytes(40), "TIFF"),
        (b"<svg xmlns=''/>", "SVG"),
        (b"%PDF-1.7", "PDF"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS"),
        (b"<?xml version='1.0'?>\n<Error><Code>AccessDenied</Code></Error>", "AccessDenied"),
        (b"<!DOCTYPE html><html>", "HTML"),
        (PNG.replace(b"\r\n", b"").replace(b"\n", b""), "--data-binary"),
        (base64.b64encode(PNG), '{"image": "<base64>"}'),
        (b"data:image/png;base64," + base64.b64encode(PNG), '{"image": "<base64>"}'),
        (b"@a.png", "--data-binary"),
    ],
)
@pytest.mark.parametrize("declared", ["image/png", "application/octet-stream"])
def test_messages_name_the_usual_cause(
    world: World, data: bytes, named: str, declared: str
) -> None:
    reply = tag(image_event(data, declared))
    assert problem(reply) == (415, "unsupported_image")
    assert named in reply.json["detail"]


def test_an_object_that_is_no_image_is_named_too(world: World) -> None:
    world.put(f"{DATASET}/a.png", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    body = json.dumps({"s3_uri": f"s3://{BUCKET}/{DATASET}/a.png"}).encode()
    reply = tag(image_event(body, "application/json"))
    assert problem(reply) == (415, "unsupported_image")
    assert "Git LFS" in reply.json["detail"]


@pytest.mark.parametrize("declared", ["application/json", "text/plain"])
@pytest.mark.parametrize("data", [PNG, JPEG])
def test_an_image_declared_as_text_is_named(world: World, declared: str, data: bytes) -> None:
    reply = tag(image_event(data, declared))
    assert problem(reply) == (415, "unsupported_image")
    assert "declare image/png" in reply.json["detail"]
