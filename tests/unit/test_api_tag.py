"""POST /datasets/{dataset}/tags from event to answer."""

import base64
import io
import json
from collections.abc import Iterator

import pytest
from botocore.exceptions import ReadTimeoutError

from functions.tag import app as tag_app
from tagline.api import champions, clients, requests
from tagline.api.bucket import Bucket
from tagline.api.images import MAX_IMAGE_BYTES
from tagline.observability import logger
from tests.unit.api_world import (
    BUCKET,
    DATASET,
    LABELS,
    RUN,
    SOURCE,
    Reply,
    World,
    api_world,
    event,
    image_event,
    metrics_document,
    tag,
)

PNG = base64.b64decode(event("tag_png")["body"])
JPEG = b"\xff\xd8\xff\xe0" + bytes(20)
WEBP = b"RIFF\x24\0\0\0WEBPVP8L" + bytes(20)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    written = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", written)
    return written


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with api_world(monkeypatch) as made:
        made.crown()
        yield made


def problem(reply: Reply) -> tuple[int, str]:
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.json["status"] == reply.status
    return reply.status, reply.json["code"]


def test_labels_that_reach_their_own_threshold_are_tags_highest_first(world: World) -> None:
    world.expect([0.5, 0.1999, 0.95, 0.06])
    reply = tag(event("tag_png"))
    assert reply.status == 200
    assert reply.json == {
        "dataset": DATASET,
        "model": {"run": RUN, "created": "2026-11-20T09:00:00Z"},
        "tags": [
            {"label": "striped", "score": 0.95},
            {"label": "circle", "score": 0.5},
            {"label": LABELS[3], "score": 0.06},
        ],
    }
    assert reply.headers["Cache-Control"] == "no-store"


def test_the_image_reaches_the_champions_endpoint_unchanged(world: World) -> None:
    world.expect(
        [0.9] * 4,
        EndpointName=f"tagline-{DATASET}",
        ContentType="image/png",
        Accept="application/json",
        Body=PNG,
    )
    assert tag(event("tag_png")).status == 200
    world.endpoint.assert_no_pending_responses()


def test_a_threshold_of_the_caller_holds_for_all_labels_and_top_k_cuts(world: World) -> None:
    world.put(f"{DATASET}/images/a.png", PNG)
    world.expect([0.26, 0.25, 0.24, 0.99])
    reply = tag(event("tag_s3_uri"))  # threshold=0.25, top_k=2
    assert reply.json["tags"] == [
        {"label": LABELS[3], "score": 0.99},
        {"label": "circle", "score": 0.26},
    ]


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
    world.expect([0.9] * 4)
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
        ("s3://data/../secrets/a.png", (400, "bad_s3_uri")),
        ("s3://data/a\nb.png", (400, "bad_s3_uri")),
        ("s3://data/" + "k" * 1025, (400, "bad_s3_uri")),
        ("s3://data/\ud800", (400, "bad_s3_uri")),
        ("s3://secrets/a.png", (403, "not_allowed_bucket")),
        ("s3://data/nothing.png", (422, "missing_object")),
        ("s3://elsewhere/a.png", (422, "missing_object")),
        ("s3://data/empty.png", (422, "empty_object")),
        ("s3://data/page.html", (415, "unsupported_image")),
    ],
)
def test_places_that_hold_no_image(world: World, uri: str, expected: tuple[int, str]) -> None:
    world.put("empty.png", b"")
    world.put("page.html", b"<html>")
    world.put("a.png", PNG, "secrets")
    sent = image_event(json.dumps({"s3_uri": uri}).encode(), "application/json")
    assert problem(tag(sent)) == expected


def test_an_object_is_measured_before_it_is_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put("big.png", PNG + bytes(MAX_IMAGE_BYTES))
    monkeypatch.setattr(clients.s3(), "get_object", None)  # reading would fail loudly
    serving = champions.Champion(RUN, "e")
    monkeypatch.setattr(tag_app.champions(), "of", lambda _: serving)
    sent = image_event(f'{{"s3_uri": "s3://{BUCKET}/big.png"}}'.encode(), "application/json")
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
    "query",
    [
        {"threshold": "nan"},
        {"threshold": "-0.1"},
        {"threshold": "1.01"},
        {"threshold": ""},
        {"threshold": "0.1,0.2"},  # given twice
        {"top_k": "0"},
        {"top_k": "-1"},
        {"top_k": "1000000000"},
        {"top_k": "1.0"},
        {"topk": "3"},
    ],
)
def test_bad_queries(world: World, query: dict[str, str]) -> None:
    status, code = problem(tag(event("tag_png", queryStringParameters=query)))
    assert (status, code) in {(400, "bad_query"), (400, "unknown_parameter")}


@pytest.mark.parametrize("dataset", ["nobody", "../x", "a" * 41, "a\nb", '"}', "-a"])
def test_an_unknown_dataset(world: World, dataset: str) -> None:
    reply = tag(event("tag_png", dataset=dataset))
    assert problem(reply) == (404, "unknown_dataset")


def test_a_dataset_without_a_champion_names_the_run_going_on(world: World) -> None:
    run = "fresh-00112233445566aa"
    world.put(f"fresh/runs/{run}/plan.json", {})
    reply = tag(event("tag_png", dataset="fresh"))
    assert problem(reply) == (409, "no_champion")
    assert reply.json["running"] == [run]
    assert run in reply.json["detail"]


def test_a_dataset_whose_runs_all_failed_says_how_to_go_on(world: World) -> None:
    run = "fresh-00112233445566aa"
    world.put(f"fresh/runs/{run}/status.json", {"run": run, "outcome": "Failed"})
    reply = tag(event("tag_png", dataset="fresh"))
    assert problem(reply) == (409, "no_champion")
    assert reply.json["running"] == []
    assert "fresh/lists/" in reply.json["detail"]


def test_the_containers_refusal_is_passed_on(world: World) -> None:
    said = json.dumps({"error": "undecodable_image", "detail": "The image ends too early."})
    world.refuse("ModelError", 424, OriginalStatusCode=400, OriginalMessage=said)
    reply = tag(event("tag_png"))
    assert problem(reply) == (422, "undecodable_image")
    assert reply.json["detail"] == "The image ends too early."


def test_a_refusal_in_other_words_is_passed_on_too(world: World) -> None:
    world.refuse("ModelError", 424, OriginalStatusCode=415, OriginalMessage="not this")
    reply = tag(event("tag_png"))
    assert problem(reply) == (422, "refused_image")
    assert reply.json["detail"] == "not this"


@pytest.mark.parametrize(
    ("error", "status", "fields", "code"),
    [
        ("ModelError", 424, {"OriginalStatusCode": 500, "OriginalMessage": "x"}, "model_failed"),
        ("ModelError", 424, {"OriginalStatusCode": 429, "OriginalMessage": "x"}, "model_failed"),
        ("ModelNotReadyException", 429, {}, "endpoint_not_ready"),
        ("ValidationError", 400, {}, "endpoint_not_ready"),
        ("ThrottlingException", 400, {}, "busy"),
        ("ServiceUnavailable", 503, {}, "busy"),
        ("InternalFailure", 500, {}, "busy"),
    ],
)
def test_an_endpoint_in_trouble_is_a_503_that_says_when_to_come_back(
    world: World, error: str, status: int, fields: dict[str, object], code: str
) -> None:
    world.refuse(error, status, **fields)
    reply = tag(event("tag_png"))
    assert problem(reply) == (503, code)
    assert int(reply.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    "text",
    [
        "<html>",
        "[]",
        "{}",
        '{"run": "r", "created": "c", "labels": ["a"], "scores": [0.1, 0.2]}',
        '{"run": "r", "created": "c", "labels": ["a"], "scores": ["high"]}',
    ],
)
def test_an_endpoint_that_answers_nonsense(world: World, text: str) -> None:
    world.expect_text(text)
    assert problem(tag(event("tag_png"))) == (503, "model_failed")


def test_a_slow_endpoint(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(**_: object) -> None:
        raise ReadTimeoutError(endpoint_url="https://runtime")

    monkeypatch.setattr(clients.runtime(), "invoke_endpoint", slow)
    assert problem(tag(event("tag_png"))) == (503, "busy")


def test_a_missing_right_is_our_fault_and_tells_the_caller_nothing(
    world: World, log: io.StringIO
) -> None:
    world.refuse("AccessDeniedException", 403)
    reply = tag(event("tag_png"))
    assert problem(reply) == (500, "internal")
    assert "AccessDenied" not in reply.text
    assert "AccessDeniedException" in log.getvalue()


def test_metrics_without_a_threshold_are_our_fault(world: World) -> None:
    metrics = metrics_document()
    del metrics["labels"][1]["threshold"]
    world.put(f"{DATASET}/runs/{RUN}/metrics.json", metrics)
    world.expect([0.9] * 4)
    assert problem(tag(event("tag_png"))) == (500, "internal")


def test_thresholds_are_those_of_the_run_that_answered(world: World) -> None:
    before = f"{DATASET}-ffffffffffffffff"
    metrics = metrics_document(before)
    for row in metrics["labels"]:
        row["threshold"] = 0.99
    world.put(f"{DATASET}/runs/{before}/metrics.json", metrics)
    world.expect([0.98, 0.98, 0.98, 1.0], run=before)  # the endpoint is still being updated
    reply = tag(event("tag_png"))
    assert reply.json["model"]["run"] == before
    assert [row["label"] for row in reply.json["tags"]] == [LABELS[3]]


def test_names_in_the_log_stay_inside_their_fields(world: World, log: io.StringIO) -> None:
    tag(event("tag_png", dataset='x"}\n{"level": "ERROR", "message": "all is lost'))
    lines = log.getvalue().splitlines()
    assert lines
    assert [json.loads(line)["level"] for line in lines] == ["INFO"] * len(lines)


def test_each_answer_counts_its_tags(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.expect([0.9] * 4)
    tag(event("tag_png"))
    tag(event("tag_png", dataset="nobody"))
    published = [
        json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line
    ]
    assert [record["TagsPerImage"] for record in published] == [[4.0]]
    assert published[0]["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Tagline"


def test_a_champion_is_asked_for_again_after_thirty_seconds(world: World) -> None:
    now = [0.0]
    kept = champions.Champions(Bucket(world.s3, BUCKET), clock=lambda: now[0])
    assert kept.of(DATASET).run == RUN
    other = f"{DATASET}-aaaaaaaaaaaaaaaa"
    world.crown(run=other)
    now[0] = 29.9
    assert kept.of(DATASET).run == RUN
    now[0] = 30.0
    assert kept.of(DATASET).run == other
