"""POST feedback: which image it is of, what may be said, and what is kept."""

import base64
import gzip
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tagline.formats.document import decode, encode, encode_record
from tagline.formats.feedback import Correction
from tagline.formats.outcomes import Newest
from tagline.formats.rows import Side, Verdict
from tests.unit import run_documents
from tests.unit.api_world import (
    BUCKET,
    DATASET,
    RUN,
    SOURCE,
    Reply,
    World,
    api_world,
    correct,
    event,
    problem,
)

PNG = base64.b64decode(event("tag_png")["body"])
HASH = hashlib.sha256(PNG).hexdigest()
NEWER = f"{DATASET}-00000000000000aa"
LABELS = ("circle", "red", "blue", "square")
LIST = b"# no row\n7\t1\t0\t0\t1\timages/seven.png\n 008 \t1\t0\t0\t1\ts3://artwork/art/8.png\n"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with api_world(monkeypatch) as made:
        made.crown(source=f"s3://{SOURCE}/art/")
        listed(made, LIST)
        yield made


def listed(world: World, data: bytes, source: str | None = None) -> None:
    key = f"{DATASET}/lists/all.lst"
    world.put(key, data)
    made = {"key": key, "version_id": "", "etag": "e", "sha256": "s"}
    plan = run_documents.plan(
        run=NEWER, dataset=DATASET, labels=LABELS, list=made, settings={"source": source}
    )
    world.put(f"{DATASET}/runs/{NEWER}/plan.json", plan)
    world.put(f"{DATASET}/newest.json", Newest(run=NEWER, started="2026-11-26T00:00:00Z"))


def say(changes: dict[str, object] | None = None, **said: object) -> Reply:
    body = json.dumps({"added": ["red"], **said})
    return correct(event("feedback", **{"body": body, **(changes or {})}))


def kept(world: World) -> list[Correction]:
    listing = world.s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{DATASET}/feedback/corrections/")
    keys = [item["Key"] for item in listing.get("Contents", [])]
    bodies = [world.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys]
    return [decode(body, Correction, "s3://") for body in bodies]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_row_is_found_by_its_id(world: World, pack: Any) -> None:
    listed(world, pack(LIST))
    reply = say(id=7, confirmed=["circle"], removed=["blue"], who="ann\x1b")
    assert reply.status == 201
    assert reply.json["image"] == {
        "s3_uri": f"s3://{BUCKET}/{DATASET}/images/seven.png",
        "sha256": None,
        "id": 7,
    }
    (found,) = kept(world)
    assert (found.image.path, found.run, found.who) == ("images/seven.png", RUN, "ann\\x1b")
    assert (found.confirmed, found.added, found.removed) == (("circle",), ("red",), ("blue",))
    assert say(id=8).json["image"]["s3_uri"] == "s3://artwork/art/8.png"
    assert problem(say(id=9)) == problem(say(id=10**30)) == (404, "unknown_image")


def test_a_retry_is_kept_once(world: World) -> None:
    first, again = say(id=7), say(id=7)
    assert (first.json["repeated"], again.json["repeated"]) == (False, True)
    assert first.json["correction"] == again.json["correction"]
    assert len(kept(world)) == 1


def test_an_image_that_is_sent_is_kept_and_known_by_its_hash(world: World) -> None:
    image = base64.b64encode(PNG).decode()
    sent = say(image=f"data:image/png;base64,{image}")
    key = f"{DATASET}/feedback/images/{HASH}.png"
    assert sent.json["image"] == {"s3_uri": f"s3://{BUCKET}/{key}", "sha256": HASH, "id": None}
    assert world.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == PNG
    assert say(hash=HASH).json["repeated"]


def test_an_image_kept_of_a_request_stays_once_it_is_corrected(world: World) -> None:
    world.put(f"{DATASET}/feedback/sampled/2026-11-25/{HASH}.png", PNG)
    kept_at = f"s3://{BUCKET}/{DATASET}/feedback/images/{HASH}.png"
    assert say(hash=HASH).json["image"]["s3_uri"] == kept_at
    place = f"s3://{BUCKET}/{DATASET}/feedback/sampled/2026-11-25/{HASH}.png"
    assert say(s3_uri=place).json["image"]["s3_uri"] == kept_at


def test_a_row_is_found_by_the_hash_of_its_file(world: World) -> None:
    row = {"line": 2, "id": 7, "path": "images/seven.png", "split": Side.TRAIN}
    verdict = Verdict(**row, verdict="accepted", sha256=HASH)  # type: ignore[arg-type]
    world.put(f"{DATASET}/runs/{RUN}/verdicts.jsonl", encode_record(verdict))
    world.put(f"{DATASET}/packed.json", json.dumps({"run": RUN}).encode())
    assert say(hash=HASH).json["image"]["id"] == 7
    assert problem(say(hash="0" * 64)) == (404, "unknown_image")


def test_an_s3_uri_reaches_what_a_tag_request_may_and_no_more(world: World) -> None:
    world.put(f"{DATASET}/images/a.png", PNG)
    world.put("other/images/a.png", PNG)
    world.put("art/b.png", PNG, SOURCE)
    found = say(s3_uri=f"s3://{BUCKET}/{DATASET}/images/a.png").json["image"]
    assert found["sha256"] == HASH
    for place in (
        f"s3://{BUCKET}/other/images/a.png",
        f"s3://{BUCKET}/{DATASET}/../other/images/a.png",
        "s3://secrets/a.png",
        f"s3://{SOURCE}/art/b.png",  # the newest list has no source
        f"s3://{SOURCE}/secret.png",
    ):
        assert problem(say(s3_uri=place)) == (403, "not_allowed_bucket")
    listed(world, LIST, source=f"s3://{SOURCE}/art/")
    assert say(s3_uri=f"s3://{SOURCE}/art/b.png").status == 201
    assert problem(say(s3_uri=f"s3://{BUCKET}/{DATASET}/no.png")) == (422, "missing_object")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", (400, "empty_body")),
        (b"GIF89a" + bytes(40), (415, "unsupported_image")),
        (PNG[:20], (422, "undecodable_image")),
        (PNG[:16] + b"\0\0\x40\0\0\0\x40\0" + PNG[24:], (422, "too_many_pixels")),
    ],
)
def test_an_image_that_no_model_could_see_is_not_kept(
    world: World, data: bytes, said: tuple[int, str]
) -> None:
    assert problem(say(image=base64.b64encode(data).decode())) == said
    assert not kept(world)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ({"id": 7, "added": ["Red"]}, (422, "unknown_label")),
        ({"id": 7, "removed": ["red"]}, (422, "bad_feedback")),
        ({"id": 7, "added": []}, (422, "bad_feedback")),
        ({"id": 7, "added": "red"}, (400, "bad_json")),
        ({"id": -1}, (400, "bad_json")),
        ({"id": True}, (400, "bad_json")),
        ({"id": 7, "hash": HASH}, (400, "bad_json")),
        ({}, (400, "bad_json")),
        ({"id": 7, "label": "red"}, (400, "bad_json")),
        ({"id": 7, "run": "birds-0123456789abcdef"}, (422, "unknown_run")),
        ({"id": 7, "run": f"{DATASET}-00000000000000ff"}, (422, "unknown_run")),
        ({"hash": HASH[:10]}, (400, "bad_json")),
        ({"s3_uri": "s3://a"}, (400, "bad_json")),
        ({"id": 7, "added": ["\ud800"]}, (422, "unknown_label")),
    ],
)
def test_what_may_not_be_said_is_told(world: World, said: Any, answer: tuple[int, str]) -> None:
    assert problem(say(**said)) == answer
    assert not kept(world)


def test_labels_of_the_list_and_of_the_champion_go(world: World) -> None:
    assert say(id=7, added=["blue"]).status == say(id=7, added=["square"]).status == 201
    assert "near it: red" in say(id=7, added=["Red"]).json["detail"]


def test_where_there_is_no_list_feedback_has_nothing_to_be_about(world: World) -> None:
    assert problem(say({"dataset": "nothing"}, id=7)) == (404, "unknown_dataset")
    world.put("empty/labels.txt", b"red\n")
    assert problem(say({"dataset": "empty"}, id=7)) == (409, "no_list")
    world.put(f"{DATASET}/newest.json", b"damaged")
    assert say(id=7).status in {201, 404}  # the champion's list is taken


@pytest.mark.parametrize("auth", ["jwt", "iam"])
def test_who_is_who_signed_in(monkeypatch: pytest.MonkeyPatch, auth: str) -> None:
    with api_world(monkeypatch, auth) as world:
        world.crown()
        listed(world, LIST)
        context = event("feedback")["requestContext"]
        arn = "arn:aws:iam::123456789012:user/ann"
        signed = {
            "jwt": {"jwt": {"claims": {"sub": "ann", "scope": "tagline/*"}}},
            "iam": {"iam": {"userArn": arn}},
        }
        changes: dict[str, object] = {"requestContext": {**context, "authorizer": signed[auth]}}
        assert say(changes, id=7, who="bob").json["who"] == {"jwt": "ann", "iam": arn}[auth]


def test_encoded_corrections_say_their_format(world: World) -> None:
    say(id=7)
    assert json.loads(encode(kept(world)[0]))["format"] == 1
