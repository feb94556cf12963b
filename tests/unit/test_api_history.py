"""Who served when, which lists started which runs, and two runs side by side."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tagline.api.requests import Request
from tagline.aws.s3 import Bucket
from tagline.formats.names import run_name
from tagline.formats.outcomes import MOST_REIGNS, Champion, Order
from tagline.formats.steps import ChampionEvent, Comparison, Served, Won
from tagline.outcomes.endings import record_champion
from tests.unit import run_documents
from tests.unit.api_world import (
    BUCKET,
    DATASET,
    RUN,
    World,
    api_world,
    champion_document,
    event,
    get,
    metrics_document,
    problem,
)

ORDER = Order(kind="promote", by="me", why="it knows rings", at="2026-11-21T00:00:00Z")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with api_world(monkeypatch) as made:
        yield made


def name(number: int) -> str:
    return f"{DATASET}-{number:016x}"


def leave(world: World, run: str, model: bool = True, **metrics: object) -> None:
    """Leave what a run whose model was promoted leaves, and the model itself."""
    folder = f"{DATASET}/runs/{run}"
    world.put(f"{folder}/status.json", run_documents.status(run=run, dataset=DATASET))
    world.put(f"{folder}/metrics.json", metrics_document(run, **metrics))
    world.put(f"{folder}/smoke.json", {})
    if model:
        job = f"tagline--{run[-16:]}-train-000"
        world.put(f"{DATASET}/output/{job}/output/model.tar.gz", b"model")


def crown(world: World, run: str, order: Order | None = None) -> None:
    """Have a run recorded as champion, over whoever is."""
    bucket = Bucket(world.s3, BUCKET)
    now = bucket.find(f"{DATASET}/champion.json", Champion)
    compared = Comparison(
        artifact=f"s3://{BUCKET}/{DATASET}/output/a/output/model.tar.gz",
        champion_run=now.content.run if now else None,
        champion_etag=now.etag if now else None,
    )
    world.put(f"{DATASET}/runs/{run}/plan.json", run_documents.plan(run=run, dataset=DATASET))
    given = ChampionEvent(
        bucket=BUCKET,
        run=run,
        evaluation=compared,
        decision=Won(challenger_map=0.5, reason="better", order=order or ORDER),
        deployment=Served(endpoint=f"tagline-{DATASET}"),
        model="m",
        endpoint_config="c",
    )
    record_champion(given, bucket)


def test_every_champion_is_remembered_with_its_times(world: World) -> None:
    for number in (1, 2, 3):
        leave(world, name(number), model=number != 2)
        crown(world, name(number))
    crown(world, name(1))
    found = get(event("champions")).json["champions"]
    assert [reign["run"] for reign in found] == [name(n) for n in (1, 3, 2, 1)]
    assert found[0]["until"] is None
    assert [reign["until"] for reign in found[1:]] == [reign["since"] for reign in found[:-1]]
    assert found[0]["order"] == msgspec.to_builtins(ORDER)
    assert "is the champion already" in found[0]["obstacle"]
    assert found[1]["obstacle"] is None
    assert "the model of run" in found[2]["obstacle"]
    assert "is the champion already" in found[3]["obstacle"]


def test_a_champion_of_an_older_version_knows_the_one_before(world: World) -> None:
    leave(world, name(1))
    champion = run_documents.champion(run=RUN, previous=name(1))
    world.put(f"{DATASET}/champion.json", champion)
    now, before = get(event("champions")).json["champions"]
    assert (now["run"], now["until"]) == (RUN, None)
    assert (before["run"], before["until"], before["mAP"]) == (name(1), champion.created, 0.81)
    assert before["obstacle"] is None


def test_so_many_champions_are_remembered() -> None:
    champion = champion_document()
    for number in range(MOST_REIGNS + 5):
        changes = {"run": name(number), "before": champion.followed_at("2026-11-21T00:00:00Z")}
        champion = msgspec.structs.replace(champion, **changes)
    assert [reign.run for reign in champion.before[:2]] == [
        name(MOST_REIGNS + 3),
        name(MOST_REIGNS + 2),
    ]
    assert len(champion.before) == MOST_REIGNS


def test_a_dataset_without_a_champion_has_no_history(world: World) -> None:
    world.put(f"{DATASET}/lists/a.lst", b"")
    assert get(event("champions")).json == {"dataset": DATASET, "champions": []}
    assert problem(get(event("champions", dataset="zoo"))) == (404, "unknown_dataset")


def test_a_foreign_run_is_no_champion(world: World) -> None:
    world.put(f"{DATASET}/champion.json", champion_document(run="zoo-0123456789abcdef"))
    assert get(event("champions")).status == 500
    world.put(
        f"{DATASET}/champion.json", run_documents.champion(run=RUN, previous="zoo-" + "0" * 16)
    )
    assert len(get(event("champions")).json["champions"]) == 1


def test_lists_tell_the_runs_they_started(world: World) -> None:
    world.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    runs = set()
    for key in ("a.lst", "a.lst", "b.lst.gz"):
        told = world.s3.put_object(Bucket=BUCKET, Key=f"{DATASET}/lists/{key}", Body=b"x")
        runs.add(run_name(BUCKET, f"{DATASET}/lists/{key}", told["VersionId"], told["ETag"]))
    world.put(f"{DATASET}/lists/notes.txt", b"")
    found = get(event("lists")).json["lists"]
    assert {each["run"] for each in found} == runs
    assert sorted(each["name"] for each in found) == ["a.lst", "a.lst", "b.lst.gz"]


def compared(query: str) -> Any:
    return get(event("compare", queryStringParameters={"runs": query}))


LOW, HIGH = {"label": "a", "ap": 0.25}, {"label": "a", "ap": 0.75}
ROW = {"f1": 0.5, "support": 9, "threshold": 0.5}


def test_two_runs_are_compared_label_by_label(world: World) -> None:
    leave(world, name(1), labels=[LOW | ROW, {"label": "old", "ap": 1.0} | ROW], mAP=0.3)
    leave(world, name(2), labels=[HIGH | ROW, {"label": "new", "ap": None} | ROW], mAP=0.4)
    for number, epochs in ((1, 3), (2, 5)):
        training = {"epochs": epochs, "learning_rate": 0.5}
        plan = run_documents.plan(
            run=name(number), dataset=DATASET, settings={"training": training}
        )
        world.put(f"{DATASET}/runs/{name(number)}/plan.json", plan)
        packed = run_documents.packed_dataset(run=name(number))
        world.put(f"{DATASET}/runs/{name(number)}/dataset.json", packed)
    found = compared(f"{name(1)},{name(2)}").json
    assert [run["metrics"]["mAP"] for run in found["runs"]] == [0.3, 0.4]
    labels = {label["label"]: label for label in found["labels"]}
    assert (labels["a"]["ap"], labels["a"]["difference"]) == ([0.25, 0.75], 0.5)
    assert (labels["old"]["ap"], labels["old"]["difference"]) == ([1.0, None], None)
    assert labels["new"]["support"] == [None, 9]
    assert found["settings"] == [{"name": "training.epochs", "first": "3", "second": "5"}]
    assert found["same_images"] is True
    assert found["difference"] is None


def test_what_the_evaluation_found_is_told_either_way_round(world: World) -> None:
    means = {"run": name(1), "mAP": 0.3, "micro_ap": None, "baseline_map": None}
    said = {"mAP": 0.2, "low": 0.1, "high": 0.5, "level": 0.95, "rounds": 9, "probability": 0.9}
    leave(world, name(1), labels=[LOW | ROW])  # of other images
    row = HIGH | ROW | {"gain": 0.25, "gain_low": -0.1, "gain_high": 0.7}
    leave(world, name(2), champion=means, difference=said, labels=[row])
    forth = compared(f"{name(1)},{name(2)}").json
    back = compared(f"{name(2)},{name(1)}").json
    assert forth["difference"]["interval"] == {"low": 0.1, "high": 0.5, "level": 0.95}
    assert back["difference"]["interval"] == {"low": -0.5, "high": -0.1, "level": 0.95}
    labels = {label["label"]: label for label in forth["labels"]}
    assert labels["a"]["ap"] == [0.25, 0.75]
    assert labels["a"]["difference"] == -back["labels"][0]["difference"] == 0.25
    assert labels["a"]["interval"] == {"low": -0.1, "high": 0.7, "level": 0.95}
    assert back["labels"][0]["interval"] == {"low": -0.7, "high": 0.1, "level": 0.95}
    assert back["difference"]["mAP"] == -forth["difference"]["mAP"] == -0.2
    assert back["difference"]["probability"] == pytest.approx(0.1)
    assert forth["compared_as"] == back["compared_as"] == name(2)


def index(world: World, run: str, *images: tuple[str, str | None, str]) -> None:
    rows = [
        {"image": image, "id": at, "line": at, "labels": labels, "side": side}
        for at, (image, labels, side) in enumerate(images, 1)
    ]
    lines = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
    world.put(f"{DATASET}/runs/{run}/images.jsonl", lines)


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ((("a", "x", "test"), ("b", "y", "test")), {"images": 2, "changed": 1}),
        ((("b", "x", "test"), ("new", "y", "test")), {"images": 1, "changed": 0}),
        ((("b", None, "test"), ("a", "x", "test")), None),
        ((("b", "y", "train"),), None),
        ((), None),
    ],
)
def test_corrected_labels_of_judged_images_are_counted(
    world: World, second: tuple[tuple[str, str | None, str], ...], told: object
) -> None:
    for number in (1, 2):
        leave(world, name(number), judged_on="test")
    index(world, name(1), ("a", "x", "test"), ("b", "x", "test"), ("c", "x", "train"))
    index(world, name(2), *second, ("c", "y", "train"))
    assert compared(f"{name(1)},{name(2)}").json["relabelled"] == told


def test_what_a_run_has_not_reached_is_null(world: World) -> None:
    world.put(f"{DATASET}/runs/{name(1)}/plan-rejects.jsonl", b"")
    found = compared(f"{name(1)},{name(1)}").json
    assert found["runs"][0]["metrics"] is None
    assert (found["same_images"], found["labels"], found["settings"]) == (None, [], [])


@pytest.mark.parametrize("query", ["", RUN, f"{RUN},{RUN},{RUN}", f"{RUN}, {RUN}", "a,b"])
def test_two_runs_have_to_be_named(world: World, query: str) -> None:
    world.crown()
    assert problem(compared(query)) == (400, "bad_query")


def test_runs_of_other_datasets_are_not_compared(world: World) -> None:
    world.crown()
    world.crown("zoo", "zoo-0123456789abcdef")
    assert problem(compared(f"{RUN},zoo-0123456789abcdef")) == (404, "unknown_run")
    assert problem(compared(f"{RUN},{name(9)}")) == (404, "unknown_run")


def test_a_listing_of_runs_tells_the_map_of_each_model(world: World) -> None:
    leave(world, name(1), mAP=0.4)
    unchanged = run_documents.status(run=name(2), dataset=DATASET, outcome="Unchanged")
    world.put(f"{DATASET}/runs/{name(2)}/status.json", unchanged)
    found = {run["run"]: run["mAP"] for run in get(event("runs")).json["runs"]}
    assert found == {name(1): 0.4, name(2): None}


def test_requests_are_made_of_events() -> None:
    assert Request.of(event("compare")).route == "GET /datasets/{dataset}/compare"
