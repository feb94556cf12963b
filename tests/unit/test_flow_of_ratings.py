"""The flow's functions for a dataset of ratings, from the dropped file to the recorded champion."""

import gzip
import io
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from tagline.aws import clients
from tagline.formats.names import endpoint_name, job_name, run_name
from tagline.formats.plan import DroppedList
from tagline.formats.reasons import UnusableList
from tagline.formats.recommending import (
    ChampionRanking,
    RankingDifference,
    RankingMeans,
    RatingsMetrics,
)
from tagline.formats.steps import PlanAnswer, RunInput
from tagline.jobs.limits import TooExpensive
from tagline.planning.ratings import plan_ratings
from tagline.serving.smoke_failed import SmokeTestFailed
from tagline.settings import InvalidSettings
from tests.unit.documents import champion
from tests.unit.flow_world import BUCKET, VARIABLES, Account, account, assert_valid, call

KEY = "films/ratings/first.csv"
ARTIFACT = "s3://data/films/output/j/output/model.tar.gz"
ROWS = "".join(f"u{n % 23},i{n % 17},{n % 5 + 1},{10**9 + n}\n" for n in range(200))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setitem(VARIABLES, "RECOMMENDER_IMAGE", "registry/tagline/recommender:latest")
    with account(monkeypatch) as made:
        made.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield made


def drop(world: Account, data: str | bytes = ROWS, key: str = KEY) -> RunInput:
    body = data.encode() if isinstance(data, str) else data
    answer = world.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    dropped = DroppedList(key=key, version_id=answer["VersionId"], etag=answer["ETag"].strip('"'))
    run = run_name(BUCKET, key, dropped.version_id, dropped.etag)
    at = "2026-11-12T00:00:00Z"
    return RunInput(bucket=BUCKET, run=run, dataset="films", list=dropped, started=at)


def plan(world: Account, data: str | bytes = ROWS) -> tuple[RunInput, PlanAnswer]:
    event = drop(world, data)
    return event, plan_ratings(event, clients.s3())


def read(world: Account, event: RunInput, name: str) -> bytes:
    key = f"films/runs/{event.run}/{name}"
    return bytes(world.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())


def put(world: Account, key: str, text: str) -> None:
    world.s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())


def lines(world: Account, event: RunInput, name: str) -> list[dict[str, Any]]:
    return list(map(json.loads, read(world, event, name).splitlines()))


def test_a_plan_leaves_all_that_training_reads(world: Account) -> None:
    put(world, "films/items.csv", "item,title\ni0,The Door\ni99,Nobody's\n")
    event, answer = plan(world, ROWS + "broken\n,i1,1,1\nu0,i0,9,2000000000\n")
    assert (answer.kind, answer.unchanged, answer.shards) == ("ratings", False, 0)
    assert (answer.rows, answer.rejected) == (203, 3)  # the pair's older row, too
    assert answer.accepted == answer.train + answer.validation + answer.test == 200
    found = world.get(f"films/runs/{event.run}/dataset.json")
    assert (found["kind"], found["users"], found["items"], found["titles"]) == (
        "ratings",
        23,
        17,
        1,
    )
    assert found["by_time"]
    assert found["last"] == 2 * 10**9
    rejects = lines(world, event, "rejects.jsonl")
    assert [(each["line"], each["reason"], each["user"]) for each in rejects] == [
        (1, "duplicate_pair", "u0"),
        (201, "too_few_fields", None),
        (202, "bad_user", None),
    ]
    assert set(rejects[0]) == {"line", "id", "path", "reason", "detail", "user", "item"}
    verdicts = lines(world, event, "verdicts.jsonl")
    assert len(verdicts) == 203
    newest = next(each for each in verdicts if each["line"] == 203)
    assert newest == {
        "line": 203,
        "user": "u0",
        "item": "i0",
        "verdict": "accepted",
        "split": "test",
    }
    text = gzip.decompress(read(world, event, "test/ratings.csv.gz")).decode()
    assert text.splitlines()[0] == "user,item,rating,timestamp"
    assert text.splitlines()[-1] == "u0,i0,9,2000000000"
    assert read(world, event, "items/items.csv").startswith(b"item,title\ni0,The Door\ni1,\n")
    users = json.loads(gzip.decompress(read(world, event, "histories/0000.json.gz")))["users"]
    assert users["u0"][-1] == "i0"
    planned = world.get(f"films/runs/{event.run}/plan.json")
    assert (planned["kind"], planned["labels"], planned["users"]) == ("ratings", [], 23)


def test_the_same_ratings_again_are_unchanged_and_others_are_not(world: Account) -> None:
    first, _ = plan(world)
    mark = world.get(f"films/runs/{first.run}/plan.json")["fingerprint"]
    latest = {"run": first.run, "fingerprint": mark, "outcome": "NotPromoted"}
    world.put("films/latest.json", latest)
    again, answer = plan(world, "user,item,rating,timestamp\r\n" + ROWS)
    assert answer.unchanged, answer.reason
    assert answer.reason.startswith("ratings, items and settings are those of run")
    assert "dataset.json" not in str(
        world.s3.list_objects_v2(Bucket=BUCKET, Prefix=f"films/runs/{again.run}/")
    )
    assert not plan(world, ROWS + "new,i1,1,2000000000\n")[1].unchanged
    put(world, "films/dataset.yaml", "recommender: {algorithm: ease}")
    assert not plan(world)[1].unchanged


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("", "has no rows"),
        ("a,b,c,d\n" * 5, "none of the 5 rows can be used: bad_rating 5; first: line 1"),
        (ROWS[:400] + "x\n" * 400, "above the tolerated share of 0.5"),
        ("u,i,1,1000000000\n" * 20, "1 ratings are too few to split"),
        ("<html>\n", "is one field"),
    ],
)
def test_ratings_that_no_run_can_use_are_told_in_a_sentence(
    world: Account, data: str, said: str
) -> None:
    with pytest.raises(UnusableList, match=said):
        plan(world, data)


def test_what_was_rejected_is_left_though_the_run_fails(world: Account) -> None:
    event = drop(world, "a,b,c,d\n" * 5)
    with pytest.raises(UnusableList):
        plan_ratings(event, clients.s3())
    assert [each["line"] for each in lines(world, event, "rejects.jsonl")] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "text",
    [
        "image: {size: 64}",
        "source: s3://other/",
        "on_conflict: last_wins",
        "quality: fast",
        "training: {network: small}",
        "promotion: {minimum_map: 0.5}",
        "endpoint: {shadow: 0.5}",
        "sampling: {percent: 5}",
        "drift: {retrain: true}",
        "tuning: {max_jobs: 2, ranges: {network: [small, resnet18_v1]}}",
    ],
)
def test_settings_of_images_are_refused_by_name(world: Account, text: str) -> None:
    put(world, "films/dataset.yaml", text)
    named = text.replace(": {", ".").split(":")[0].replace("tuning.max_jobs", "tuning.ranges")
    with pytest.raises(InvalidSettings, match=f"^{named}.* is for datasets of images"):
        plan(world)


def test_a_champion_of_images_is_told_before_anything_is_read(world: Account) -> None:
    event = drop(world)
    world.put("films/champion.json", msgspec.structs.replace(champion(), run="films-" + "0" * 16))
    with pytest.raises(UnusableList, match="is of images, and ratings were dropped"):
        plan_ratings(event, clients.s3())


def state(event: RunInput) -> dict[str, Any]:
    return {"bucket": BUCKET, "dataset": "films", "run": event.run, "started": event.started}


def test_training_is_asked_of_the_recommender(world: Account) -> None:
    put(
        world,
        "films/dataset.yaml",
        "recommender: {algorithm: ease, regularization: 250}\ntraining: {seed: 7, epochs: 9}",
    )
    event, _ = plan(world)
    planned = call("plan_training", state(event))
    request = planned["request"]
    assert request["AlgorithmSpecification"]["TrainingImage"].endswith("/recommender:latest")
    assert request["HyperParameters"] == {
        "algorithm": "ease",
        "epochs": "9",
        "regularization": "250",
        "seed": "7",
        "max_runtime": "86400",
        "run": event.run,
    }
    channels = {
        each["ChannelName"]: each["DataSource"]["S3DataSource"]["S3Uri"]
        for each in request["InputDataConfig"]
    }
    prefix = f"s3://data/films/runs/{event.run}/"
    assert channels == {name: f"{prefix}{name}/" for name in ("train", "validation", "items")}
    role = {"RoleArn": "arn:aws:iam::123456789012:role/sagemaker", "TrainingJobName": "x"}
    assert_valid("CreateTrainingJob", request | role)


def test_no_gpu_is_paid_for(world: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VARIABLES, "ALLOWED_INSTANCE_TYPES", "ml.g5.xlarge")
    monkeypatch.setenv("ALLOWED_INSTANCE_TYPES", "ml.g5.xlarge")
    put(world, "films/dataset.yaml", "training: {instance_type: ml.g5.xlarge}")
    event, _ = plan(world)
    with pytest.raises(TooExpensive, match=r"g5\.xlarge has a GPU"):
        call("plan_training", state(event))


def test_a_search_ranks_by_the_named_metric(world: Account) -> None:
    ranges = "regularization: [10, 1000], age_decay: [0.9, 1], hidden: [16, 64]"
    put(
        world,
        "films/dataset.yaml",
        f"tuning: {{max_jobs: 3, ranges: {{{ranges}, algorithm: [ease, bpr]}}}}",
    )
    event, _ = plan(world)
    planned = call("plan_training", state(event))
    assert planned["mode"] == "tune"
    config = planned["request"]["HyperParameterTuningJobConfig"]
    assert config["HyperParameterTuningJobObjective"]["MetricName"] == "validation:ndcg_at_10"
    found = config["ParameterRanges"]
    names = {name: {each["Name"] for each in ranges} for name, ranges in found.items()}
    assert names == {
        "ContinuousParameterRanges": {"regularization", "age_decay"},
        "IntegerParameterRanges": {"hidden"},
        "CategoricalParameterRanges": {"algorithm"},
    }


def test_evaluation_compares_with_the_champion_for_the_same_users(world: Account) -> None:
    event, _ = plan(world)
    trained = {"trained": {"artifact": ARTIFACT, "job_name": "j"}}
    asked = call("plan_evaluation", state(event) | trained)
    assert asked["champion_run"] is None
    inputs = {each["InputName"] for each in asked["request"]["ProcessingInputs"]}
    assert inputs == {"challenger", "train", "validation", "test", "items"}
    assert asked["request"]["AppSpecification"]["ImageUri"].endswith("/recommender:latest")


def metrics(run: str, value: float, served: float | None) -> RatingsMetrics:
    means: dict[str, Any] = {"recall_at_10": 0.1, "map": 0.1, "coverage": 0.5, "novelty": 3.0}
    difference = None
    if served is not None:
        gain = value - served
        difference = RankingDifference(
            value=gain, low=gain / 2, high=gain * 2, level=0.95, rounds=1000,
            bound=gain / 2, confidence=0.9, probability=0.98, users=150,
        )  # fmt: skip
    over = RankingDifference(
        value=0.1, low=0.05, high=0.2, level=0.95, rounds=1000,
        bound=0.05, confidence=0.9, probability=0.99, users=150,
    )  # fmt: skip
    return RatingsMetrics(
        run=run,
        created="2026-11-12T00:00:00Z",
        algorithm="ease",
        users=150,
        without_history=3,
        ratings=400,
        items=17,
        ndcg_at_10=value,
        **means,
        groups=(),
        baseline=RankingMeans(ndcg_at_10=0.2, **means),
        over_popularity=over,
        champion=None
        if served is None
        else ChampionRanking(run="films-" + "f" * 16, ndcg_at_10=served, **means),
        difference=difference,
    )


def test_the_gate_names_the_metric_and_what_it_beats(world: Account) -> None:
    event, _ = plan(world)
    key = f"films/runs/{event.run}/metrics.json"
    world.put(key, metrics(event.run, 0.3, None))
    endpoint = endpoint_name("tagline", "films")
    with Stubber(clients.sagemaker()):
        first = call("decide_promotion", state(event) | {"evaluation": {"champion_run": None}})
    assert first["promote"]
    assert first["reason"].startswith(
        "NDCG@10 0.3000 on 150 test users beats popularity alone, 0.2000, with a probability"
    )
    assert (first["metric"], first["challenger_value"]) == ("ndcg_at_10", 0.3)
    assert first["challenger_map"] is None
    event_ = state(event) | {
        "evaluation": {"artifact": ARTIFACT, "champion_run": None, "champion_etag": None},
        "decision": first,
        "deployment": {"endpoint": endpoint},
        "model": "m-0",
        "endpoint_config": "c-0",
    }
    assert call("record_champion", event_) == {"run": event.run, "edge": False}
    written = world.get("films/champion.json")
    assert (written["kind"], written["metric"], written["value"], written["mAP"]) == (
        "ratings",
        "ndcg_at_10",
        0.3,
        None,
    )
    world.put(key, metrics(event.run, 0.25, 0.3))
    with Stubber(clients.sagemaker()) as stubber:
        stubber.add_client_error(
            "describe_endpoint", "ValidationException", "Could not find endpoint"
        )
        other = "films-" + "f" * 16
        worse = call("decide_promotion", state(event) | {"evaluation": {"champion_run": other}})
    assert not worse["promote"]
    assert worse["reason"].startswith("Not better: NDCG@10 0.2500 against the champion's 0.3000")


def smoke(world: Account, event: RunInput, answer: dict[str, Any]) -> dict[str, Any]:
    request = {"items": ["i0"], "exclude": ["i0"], "top_k": 2}
    world.put(
        f"films/runs/{event.run}/smoke.json",
        {
            "kind": "ratings",
            "run": event.run,
            "histories": [{"request": request, "items": ["i1", "i2"], "scores": [2.0, 1.99]}],
        },
    )
    body = json.dumps(answer).encode()
    with Stubber(clients.sagemaker_runtime()) as stubber:
        stubber.add_response(
            "invoke_endpoint",
            {"Body": StreamingBody(io.BytesIO(body), len(body))},
            {
                "EndpointName": "e",
                "ContentType": "application/json",
                "Accept": "application/json",
                "Body": json.dumps(request, separators=(",", ":")).encode(),
            },
        )
        awaited = {"endpoint": "e", "endpoint_config": "c", "run": event.run}
        return call("smoke_test", state(event) | {"awaited": awaited})


def answered(run: str, *found: tuple[str, float]) -> dict[str, Any]:
    items = [{"item": item, "title": None, "score": score} for item, score in found]
    made = {"run": run, "created": "2026-11-12T00:00:00Z"}
    return made | {"recommendations": items, "basis": "history", "unknown": []}


def test_the_endpoint_must_recommend_what_the_evaluation_saw(world: Account) -> None:
    event, _ = plan(world)
    run = event.run
    assert smoke(world, event, answered(run, ("i1", 2.0), ("i2", 1.99))) == {"checked": 1}
    assert smoke(world, event, answered(run, ("i2", 2.0), ("i1", 1.99))) == {"checked": 1}
    for wrong, said in [
        (answered("films-" + "f" * 16, ("i1", 2.0), ("i2", 1.99)), "answered instead of"),
        (answered(run, ("i1", 2.0)), "1 items, the evaluation saw 2"),
        (answered(run, ("i1", 2.0), ("i9", 1.5)), "place 2 is 'i9' with 1.5000"),
        ({"labels": []}, "the answer"),
    ]:
        with pytest.raises(SmokeTestFailed, match=said):
            smoke(world, event, wrong)


def test_a_person_may_roll_back_to_a_recommender(world: Account) -> None:
    event, _ = plan(world)
    prefix = f"films/runs/{event.run}"
    world.put(f"{prefix}/metrics.json", metrics(event.run, 0.3, None))
    world.put(f"{prefix}/smoke.json", {"kind": "ratings", "run": event.run, "histories": []})
    made = f"films/output/{job_name('tagline', event.run, 'train')}-000/output/model.tar.gz"
    world.s3.put_object(Bucket=BUCKET, Key=made, Body=b"model")
    order = {"kind": "promote", "by": "ann", "why": "because", "at": "2026-11-12T00:00:00Z"}
    taken = call("take_order", state(event) | {"order": order})
    assert taken["evaluation"]["artifact"] == f"s3://data/{made}"
    decided = taken["decision"]
    assert (decided["metric"], decided["challenger_value"]) == ("ndcg_at_10", 0.3)
    assert decided["challenger_map"] is None
