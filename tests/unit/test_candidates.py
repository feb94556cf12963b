"""A candidate is judged as any run is, and disturbs none: no list, no order, no promotion."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from tagline.aws.s3 import Bucket
from tagline.formats.document import encode
from tagline.formats.names import run_name
from tagline.formats.outcomes import Decision, Ending, Latest, Newest, Outcome
from tagline.formats.plan import TRIED, DroppedList, Plan
from tagline.formats.reasons import UnusableList
from tagline.formats.steps import OutcomeEvent, RunInput
from tagline.outcomes.endings import record_outcome
from tagline.planning.standing import overtaken_by
from tagline.serving.promotion import hold_back
from tagline.settings import InvalidSettings, as_metadata, read_tried, with_tried
from tests.unit.documents import RUN, champion
from tests.unit.documents import plan as planned
from tests.unit.ingest_world import BUCKET, World, world

YAML = b"image: {size: 96}\ntraining:\n  epochs: 3\n"


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(monkeypatch) as made:
        yield made


@pytest.fixture
def bucket(demo: World) -> Bucket:
    return Bucket(demo.s3, BUCKET)


def tried(demo: World, bucket: Bucket, told: str) -> RunInput:
    """Copy the list of the current event as `tagline try` does; return the run's input."""
    of, key = demo.event.list, "demo/lists/tried-01234567.lst"
    version, etag = bucket.copy_version(of.key, of.version_id, key, {TRIED: told})
    etag = etag.strip('"')
    demo.event = replace(
        demo.event,
        run=run_name(BUCKET, key, version, etag),
        list=DroppedList(key=key, version_id=version, etag=etag),
        started="2026-11-13T00:00:00Z",
    )
    return demo.event


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("training.epochs=20", ("training", "epochs", 20)),
        ("image.size=128", ("image", "size", 128)),
        ("training.learning_rate=1e-3", ("training", "learning_rate", 0.001)),
        ("image.background='#FF0000'", ("image", "background", "#ff0000")),
        ("training={seed: 4}", ("training", "seed", 4)),
    ],
)
def test_what_is_tried_goes_before_the_file(given: str, found: tuple[str, str, object]) -> None:
    section, name, value = found
    settings = with_tried(YAML, [given])
    assert getattr(getattr(settings, section), name) == value
    if given.startswith("image"):
        assert settings.training.epochs == 3


def test_several_are_tried_at_once() -> None:
    settings = with_tried(b"", ["tuning.max_jobs=3", "training.epochs=7", "quality=fast"])
    assert settings.tuning
    assert (settings.tuning.max_jobs, settings.training.epochs, settings.quality) == (3, 7, "fast")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            ["training.epoch=2"],
            r"^--set training.epoch=2: training.epoch: no such setting: did you mean",
        ),
        (["trainings.epochs=2"], r"^--set trainings.epochs=2: trainings: no such setting"),
        (
            ["training.epochs=many"],
            r"training.epochs: expected an integer from 1 to 1000, found 'many'",
        ),
        (["image.size=7"], r"^--set image.size=7: image.size: expected an integer from 16 to 1024"),
        (["image.size=[1"], r"^--set image.size=\[1: not valid YAML"),
        (["training.epochs"], r"expected SETTING=VALUE"),
        (["=3"], r"expected SETTING=VALUE"),
        (["split.test=0.3"], r"split is the dataset's, not a model's"),
        (["promotion.margin=0"], r"promotion is the dataset's"),
        (["endpoint.mode=serverless"], r"endpoint is the dataset's"),
        (["source=s3://a/b/"], r"source is the dataset's"),
        (["image.size=32", "image.size=64"], r"image.size is given twice"),
    ],
)
def test_what_cannot_be_tried_is_told_in_the_settings_words(given: list[str], said: str) -> None:
    with pytest.raises(InvalidSettings, match=said):
        with_tried(YAML, given)


def test_the_files_own_fault_is_told_with_its_line() -> None:
    with pytest.raises(InvalidSettings, match=r"^dataset\.yaml line 2: training\.epochs: "):
        with_tried(b"training:\n  epochs: no\n", ["image.size=64"])


def test_metadata_is_ascii_and_short() -> None:
    told = as_metadata(["image.background='größer'"])
    assert told.isascii()
    assert read_tried(told) == ("image.background='größer'",)
    with pytest.raises(InvalidSettings, match=r"put the rest into dataset\.yaml"):
        as_metadata(["x" * 2000])


def test_a_candidate_is_planned_with_its_settings_and_claims_nothing(
    demo: World, bucket: Bucket
) -> None:
    demo.put("demo/dataset.yaml", b"training: {epochs: 3}\n")
    first = demo.drop(demo.fill(10))
    demo.plan()
    demo.put("demo/champion.json", encode(champion(run=first.run)))
    candidate = tried(demo, bucket, '["training.epochs=20"]')
    answer = demo.plan()
    assert (answer.unchanged, answer.superseded) == (False, False)
    assert answer.reason == "a candidate, tried with training.epochs=20"
    plan = bucket.read(f"demo/runs/{candidate.run}/plan.json", Plan)
    assert (plan.candidate, plan.tried) == (True, ("training.epochs=20",))
    assert plan.settings.training.epochs == 20
    assert bucket.read("demo/newest.json", Newest).run == first.run
    assert overtaken_by(bucket, first.run) is None


def test_a_candidate_is_tried_though_nothing_changed_and_a_later_list_decides(
    demo: World, bucket: Bucket
) -> None:
    data = demo.fill(10)
    first = demo.drop(data)
    demo.plan()
    tried(demo, bucket, '["training.seed=0"]')  # what it is anyway
    older = demo.event
    demo.drop(data + b"7\t1\t1\t1\timages/0.png\n")
    newer = demo.event = replace(demo.event, started="2026-11-14T00:00:00Z")
    demo.plan()
    assert overtaken_by(bucket, first.run) == newer.run
    answer = demo.plan(older)
    assert (answer.unchanged, answer.superseded) == (False, False)


def test_the_same_list_is_unchanged_after_a_candidate(demo: World, bucket: Bucket) -> None:
    """What a candidate came to is neither the dataset's nor what the next list is held against."""
    data = demo.fill(10)
    first = demo.drop(data)
    demo.plan()
    mark = bucket.read(f"demo/runs/{first.run}/plan.json", Plan).fingerprint
    latest = Latest(run=first.run, fingerprint=mark, outcome=Outcome.NOT_PROMOTED)
    demo.put("demo/latest.json", encode(latest))
    candidate = tried(demo, bucket, '["training.epochs=20"]')
    demo.plan()
    assert ended(bucket, candidate).outcome == Outcome.NOT_PROMOTED
    assert bucket.read("demo/latest.json", Latest) == latest
    demo.drop(data)
    demo.event = replace(demo.event, started="2026-11-15T00:00:00Z")
    assert demo.plan().unchanged


def test_a_candidate_that_was_promoted_is_what_the_next_list_is_held_against(
    demo: World, bucket: Bucket
) -> None:
    demo.drop(demo.fill(10))
    demo.plan()
    candidate = tried(demo, bucket, '["training.epochs=20"]')
    demo.plan()
    demo.put("demo/champion.json", encode(champion(run=candidate.run)))
    assert ended(bucket, candidate).outcome == Outcome.PROMOTED
    assert bucket.read("demo/latest.json", Latest).run == candidate.run


def ended(bucket: Bucket, event: RunInput) -> Ending:
    """Record how a candidate ended whose decision says that it is one."""
    judged = {"promote": False, "reason": "judged", "challenger_map": 0.5, "champion_map": None}
    held: dict[str, Any] = {"bucket": BUCKET, "dataset": "demo", "run": event.run}
    execution = json.dumps(held | {"started": event.started, "decision": judged}).encode()
    return record_outcome(msgspec.json.decode(execution, type=OutcomeEvent), bucket)


@pytest.mark.parametrize("told", ["", "[]", "{}", "[7]", "training.epochs=20", '["image.size=1"]'])
def test_metadata_that_no_try_wrote_is_refused(demo: World, bucket: Bucket, told: str) -> None:
    demo.drop(demo.fill(10))
    tried(demo, bucket, told)
    with pytest.raises((UnusableList, InvalidSettings), match=r"tagline-try|image\.size"):
        demo.plan()


@pytest.mark.parametrize("promote", [True, False])
def test_no_gate_promotes_a_candidate_and_what_it_says_is_told(promote: bool) -> None:
    gate = Decision(promote=promote, reason="so and so", challenger_map=0.6, champion_map=0.5)
    held = hold_back(gate, RUN, ("training.epochs=20", "image.size=128"))
    assert held.promote is False
    assert (held.challenger_map, held.champion_map) == (0.6, 0.5)
    assert "tried (training.epochs=20, image.size=128)" in held.reason
    assert f"`tagline promote {RUN} --why …`" in held.reason
    said = "the gate would promote it" if promote else "nor would the gate promote it"
    assert held.reason.endswith(f"{said}: so and so")


def test_older_plans_are_no_candidates() -> None:
    assert planned().candidate is False
