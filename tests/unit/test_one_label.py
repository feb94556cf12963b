"""Datasets whose images have exactly one label: what the API, batches and feedback make of it."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from urllib3 import encode_multipart_formdata

from tagline.batches import tagging
from tagline.feedback.sampling import is_worth
from tagline.formats.document import encode
from tagline.formats.feedback_settings import Sampling
from tagline.formats.keys import RunKeys
from tagline.formats.outcomes import Newest
from tagline.formats.tasks import Task
from tests.unit import run_documents
from tests.unit.api_world import (
    DATASET,
    LABELS,
    RUN,
    World,
    api_world,
    correct,
    event,
    image_event,
    metrics_document,
    problem,
    tag,
)
from tests.unit.batch_world import LABELS as BATCH_LABELS
from tests.unit.batch_world import batch_world
from tests.unit.feedback_world import entry, merged
from tests.unit.flow_world import DATASET as BATCH_DATASET

PNG = base64.b64decode(event("tag_png")["body"])
SURE, UNSURE = [0.05, 0.7, 0.2, 0.05], [0.4, 0.4, 0.1, 0.1]
NEWER = f"{DATASET}-00000000000000aa"
CLASSES = b"7\t0\ta.png\n9\t2.000000\tb.png\n\nno row\n"
ONE_HOT = b"7\t1\t0\t0\ta.png\n9\t0\t0\t1\tb.png\n3\t1\t1\t0\tc.png\n"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with api_world(monkeypatch) as made:
        made.crown()
        labels = [
            {"label": label, "ap": 0.8, "f1": 0.7, "support": 20, "threshold": 0.5}
            for label in LABELS
        ]
        metrics = metrics_document(task="single", labels=labels)
        made.put(f"{DATASET}/runs/{RUN}/metrics.json", metrics)
        yield made


def asked(**query: str) -> dict[str, Any]:
    found: dict[str, Any] = tag(event("tag_png", queryStringParameters=query)).json
    return found


def test_a_sure_answer_has_one_label_its_scores_and_it_as_a_tag(world: World) -> None:
    world.expect(SURE)
    assert asked() == {
        "dataset": DATASET,
        "model": {"run": RUN, "created": "2026-11-20T09:00:00Z"},
        "label": LABELS[1],
        "unsure": False,
        "scores": [
            {"label": LABELS[1], "score": 0.7},
            {"label": LABELS[2], "score": 0.2},
            {"label": LABELS[0], "score": 0.05},
            {"label": LABELS[3], "score": 0.05},
        ],
        "tags": [{"label": LABELS[1], "score": 0.7}],
    }


def test_an_unsure_one_has_none(world: World) -> None:
    world.expect(UNSURE)
    told = asked()
    assert (told["label"], told["unsure"], told["tags"]) == (None, True, [])
    assert len(told["scores"]) == len(LABELS)


@pytest.mark.parametrize(
    ("query", "label", "tags", "scores"),
    [
        ({"threshold": "0.4"}, LABELS[0], 1, 4),  # of equal ones the first
        ({"threshold": "0.41"}, None, 0, 4),
        ({"threshold": "0", "top_k": "1"}, LABELS[0], 1, 1),
        ({"threshold": "0", "labels": LABELS[1]}, LABELS[0], 0, 1),
    ],
)
def test_what_is_asked_for(
    world: World, query: dict[str, str], label: str | None, tags: int, scores: int
) -> None:
    world.expect(UNSURE)
    told = asked(**query)
    assert (told["label"], told["unsure"]) == (label, label is None)
    assert (len(told["tags"]), len(told["scores"])) == (tags, scores)


def test_a_threshold_by_hand_is_its_labels_alone(world: World) -> None:
    by_hand = Newest(run=RUN, started="2026-11-26T00:00:00Z", thresholds={LABELS[1]: 0.8})
    world.put(f"{DATASET}/newest.json", by_hand)
    world.expect(SURE)
    assert asked()["unsure"] is True
    world.expect(SURE[::-1])
    assert asked()["label"] == LABELS[2]


def test_several_images_have_an_answer_each(world: World) -> None:
    body, kind = encode_multipart_formdata([("a", ("a.png", PNG)), ("b", ("b.png", b"no"))])
    world.expect(SURE)
    good, bad = tag(image_event(body, kind)).json["images"]
    assert (good["label"], good["unsure"], len(good["scores"])) == (LABELS[1], False, 4)
    assert bad["problem"]["code"] == "unsupported_image"
    assert not {"label", "unsure", "scores"} & bad.keys()


def test_a_batch_says_label_unsure_and_confidence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tagging, "_LONGEST_PAUSE", 0.01)
    with batch_world(monkeypatch) as world:
        rows = [
            {"label": label, "ap": 0.5, "f1": 0.5, "support": 1, "threshold": 0.5}
            for label in BATCH_LABELS
        ]
        metrics = run_documents.metrics(run=world.run, labels=rows, task="single")
        world.put(RunKeys(world.run).metrics, encode(metrics))
        world.image("a.png", "round")
        world.image("b.png", "")
        sure, unsure, gone = world.through("a.png\nb.png\nc.png\n")
        assert (sure["label"], sure["unsure"], sure["confidence"]) == ("round", False, 0.9)
        assert sure["tags"] == [{"label": "round", "score": 0.9}]
        assert (unsure["label"], unsure["unsure"], unsure["confidence"]) == (None, True, 0.1)
        assert not {"label", "unsure", "confidence"} & gone.keys()
        listed = world.read(f"{BATCH_DATASET}/batches/new.tags.lst").decode().splitlines()
        assert [row.split("\t")[-1] for row in listed] == [
            "a.png"
        ]  # the other has no label to list


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (CLASSES, b"7\t1\ta.png\n9\t2.000000\tb.png\n\nno row\n"),
        (ONE_HOT, b"7\t0\t1\t0\ta.png\n9\t0\t0\t1\tb.png\n3\t1\t1\t0\tc.png\n"),
    ],
)
def test_a_correction_takes_the_label_before_away(data: bytes, expected: bytes) -> None:
    said = [
        entry("a.png", 1, added=("big",), removed=("red",)),
        entry("a.png", 2, added=("round",)),
        entry("b.png", 3, confirmed=("big",)),
        entry("c.png", 4, added=("big",)) if data is ONE_HOT else entry("b.png", 4, added=("big",)),
    ]
    made, outcome, truths = merged(data, said, task=Task.SINGLE)
    assert made.startswith(expected.replace(b"3\t1\t1\t0\tc.png\n", b""))
    assert (outcome.changed, truths.conflicts) == (1, 1)
    assert {row.label: (row.added, row.removed) for row in outcome.labels} == {
        "red": (0, 1),
        "round": (1, 0),
    }
    assert outcome.by == {1: 1}


def test_new_rows_are_written_as_the_list_is() -> None:
    made, _, _ = merged(CLASSES, [entry("new.png", added=("round",))], task=Task.SINGLE)
    assert made.splitlines()[-1].split(b"\t")[1:] == [b"1", b"new.png"]


def test_a_label_that_is_only_taken_away_stays() -> None:
    made, outcome, _ = merged(CLASSES, [entry("a.png", removed=("red",))], task=Task.SINGLE)
    assert made.startswith(b"7\t0\ta.png")
    assert outcome.untold == {"s3://data/demo/a.png"}


@pytest.mark.parametrize(
    "said",
    [{"removed": ["red"]}, {"added": ["red", "blue"]}, {"added": ["red"], "confirmed": ["blue"]}],
)
def test_feedback_names_the_one_label(world: World, said: dict[str, object]) -> None:
    key, labels = f"{DATASET}/lists/all.lst", ("red", "blue", "square")
    world.put(key, b"7\t1\ta.png\n")
    made = {"key": key, "version_id": "", "etag": "e", "sha256": "s"}
    plan = run_documents.plan(run=NEWER, dataset=DATASET, labels=labels, list=made, task="single")
    world.put(f"{DATASET}/runs/{NEWER}/plan.json", plan)
    world.put(f"{DATASET}/newest.json", Newest(run=NEWER, started="2026-11-26T00:00:00Z"))
    reply = correct(event("feedback", body=json.dumps({"id": 7, **said})))
    assert problem(reply) == (422, "bad_feedback")
    assert "exactly one label" in reply.json["detail"]
    good = json.dumps({"id": 7, "added": ["red"], "removed": ["blue"]})
    assert correct(event("feedback", body=good)).status == 201


def test_images_that_a_model_is_unsure_of_are_worth_a_look() -> None:
    settings = Sampling(percent=100)
    assert is_worth(settings, {"a": 0.2, "b": 0.2}, unsure=True)
    assert is_worth(settings, {"a": 0.6, "b": 0.4}, unsure=False)
    assert not is_worth(settings, {"a": 0.75, "b": 0.35}, unsure=False)
