"""POST /datasets/{dataset}/tags from event to answer."""

import base64
import io
import json
from collections.abc import Iterator

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.stub import ANY

from tagline.api import champions, clients
from tagline.api.bucket import DataBucket
from tagline.aws.observability import logger
from tagline.formats.document import encode
from tagline.formats.outcomes import Newest
from tests.unit import run_documents
from tests.unit.api_world import (
    BUCKET,
    DATASET,
    LABELS,
    RUN,
    World,
    api_world,
    champion_document,
    event,
    metrics_document,
    problem,
    tag,
)

PNG = base64.b64decode(event("tag_png")["body"])


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with api_world(monkeypatch) as made:
        made.crown()
        yield made


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    written = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", written)
    return written


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
        CustomAttributes="wait=12.000",
        InferenceId=ANY,
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
    world.put(f"fresh/runs/{run}/status.json", run_documents.status(run=run, outcome="Failed"))
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
        ("ModelError", 424, {"OriginalStatusCode": 0, "OriginalMessage": "x"}, "model_failed"),
        ("ModelError", 424, {"OriginalStatusCode": 429, "OriginalMessage": "x"}, "busy"),
        ("ModelError", 424, {"OriginalStatusCode": 408, "OriginalMessage": ""}, "busy"),
        ("ModelError", 424, {"OriginalStatusCode": 503, "OriginalMessage": "<html>"}, "busy"),
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


@pytest.mark.parametrize(("said", "told"), [(7, "7"), (None, "1"), (0, "1"), (10**6, "60")])
def test_a_busy_container_says_when_to_come_back(world: World, said: int | None, told: str) -> None:
    words = json.dumps({"error": "busy", "detail": "work for 7 s", "retry_after": said})
    world.refuse("ModelError", 424, OriginalStatusCode=503, OriginalMessage=words)
    reply = tag(event("tag_png"))
    assert (problem(reply), reply.headers["Retry-After"]) == ((503, "busy"), told)


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
    metrics = json.loads(encode(metrics_document()))
    del metrics["labels"][1]["threshold"]
    world.put(f"{DATASET}/runs/{RUN}/metrics.json", metrics)
    world.expect([0.9] * 4)
    assert problem(tag(event("tag_png"))) == (500, "internal")


@pytest.mark.parametrize("key", ["run", "endpoint", "mAP"])
def test_a_champion_that_lacks_a_key_is_our_fault(world: World, log: io.StringIO, key: str) -> None:
    damaged = json.loads(encode(champion_document()))
    del damaged[key]
    world.put(f"{DATASET}/champion.json", damaged)
    assert problem(tag(event("tag_png"))) == (500, "internal")
    assert f"s3://{BUCKET}/{DATASET}/champion.json: Object missing" in log.getvalue()


def test_thresholds_are_those_of_the_run_that_answered(world: World) -> None:
    before = f"{DATASET}-ffffffffffffffff"
    metrics = json.loads(encode(metrics_document(before)))
    for row in metrics["labels"]:
        row["threshold"] = 0.99
    world.put(f"{DATASET}/runs/{before}/metrics.json", metrics)
    world.expect([0.98, 0.98, 0.98, 1.0], run=before)  # the endpoint is still being updated
    reply = tag(event("tag_png"))
    assert reply.json["model"]["run"] == before
    assert [row["label"] for row in reply.json["tags"]] == [LABELS[3]]


def test_a_threshold_set_by_hand_goes_before_what_the_evaluation_chose(world: World) -> None:
    metrics = json.loads(encode(metrics_document(RUN)))
    metrics["labels"][1] |= {"threshold": 0.1, "chosen": 0.9}  # as it was set at the time
    world.put(f"{DATASET}/runs/{RUN}/metrics.json", metrics)
    by_hand = {LABELS[0]: 0.25, "of no model": 0.1}
    newest = Newest(run=RUN, started="2026-11-26T00:00:00Z", thresholds=by_hand)
    world.put(f"{DATASET}/newest.json", newest)
    world.expect([0.25, 0.8, 0.0, 0.0])
    assert [row["label"] for row in tag(event("tag_png")).json["tags"]] == [LABELS[0]]
    evaluated = champions.Champions(DataBucket(world.s3, BUCKET), "tagline").thresholds(RUN)
    assert evaluated[LABELS[1]] == 0.1


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
    kept = champions.Champions(DataBucket(world.s3, BUCKET), "tagline", clock=lambda: now[0])
    assert kept.of(DATASET).run == RUN
    other = f"{DATASET}-aaaaaaaaaaaaaaaa"
    world.crown(run=other)
    now[0] = 29.9
    assert kept.of(DATASET).run == RUN
    now[0] = 30.0
    assert kept.of(DATASET).run == other
