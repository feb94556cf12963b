"""GET /datasets/{dataset}/drift and `tagline drift`: the last look, and one of now."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from functions.tag import app as tag_app
from tagline.aws.s3 import Bucket
from tagline.cli.main import app
from tagline.cli.target import Target
from tagline.formats.drift import DriftState, HourCounts
from tagline.formats.keys import DatasetKeys, RunKeys
from tests.unit import run_documents
from tests.unit.api_world import (
    BUCKET,
    DATASET,
    LABELS,
    RUN,
    World,
    api_world,
    event,
    get,
    image_event,
    problem,
    tag,
)
from tests.unit.cli_stack import put, stack
from tests.unit.test_drift import OPAQUE, REFERENCE, counts_of, drawn, report

__all__ = ["stack"]
DEMO = run_documents.RUN
KEYS = DatasetKeys(DATASET)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with api_world(monkeypatch) as made:
        made.crown()
        yield made


# the route


def leave(world: World) -> None:
    """Leave a report in which the label red drifted, with nine images that have alpha."""
    found = report(counts_of(drawn(2, 1000, shift=2), alpha=9))
    named = {"dataset": DATASET, "run": RUN}
    world.put(KEYS.drift_report("2026-11-26T21"), msgspec.to_builtins(found) | named)
    world.put(KEYS.drift_state, DriftState(hour="2026-11-26T21", run=RUN))


def test_the_last_look_is_answered_whole(world: World) -> None:
    leave(world)
    reply = get(event("drift"))
    assert reply.status == 200
    assert (reply.json["verdict"], reply.json["images"]) == ("drifted", 1000)
    red = reply.json["labels"][0]
    assert (red["label"], red["scores"]["drifted"]) == ("red", True)
    assert len(red["now"]) == len(reply.json["edges"]) + 1
    assert reply.json["inputs"][2]["now"] == {"alpha": 9, "opaque": 991}


def test_what_was_never_looked_at_is_a_404_that_says_what_to_do(world: World) -> None:
    assert problem(reply := get(event("drift"))) == (404, "no_drift")
    assert "`tagline drift noto-50` looks now" in reply.json["detail"]
    assert problem(get(event("drift", dataset="nowhere"))) == (404, "unknown_dataset")


@pytest.mark.parametrize("damaged", [KEYS.drift_state, KEYS.drift_report("2026-11-26T21")])
def test_a_damaged_document_is_none(world: World, damaged: str) -> None:
    leave(world)
    world.put(damaged, b"{")
    assert problem(get(event("drift"))) == (404, "no_drift")


# the function `tag`


def counted(world: World) -> HourCounts:
    tag_app.counting().write()
    bucket = Bucket(world.s3, BUCKET)
    return bucket.read(next(bucket.keys(KEYS.drift_hours)), HourCounts)


def test_every_answer_is_counted_by_the_labels_own_thresholds(world: World) -> None:
    world.expect([0.9, 0.1, 0.85, 0.06])
    sent = image_event(OPAQUE, "image/png", queryStringParameters={"threshold": "0.99"})
    assert tag(sent).json["tags"] == []
    found = counted(world)
    assert (found.run, found.images) == (RUN, 1)
    assert [label.label for label in found.labels] == LABELS
    assert [label.tagged for label in found.labels] == [1, 0, 0, 1]
    assert found.inputs.format == {"png": 1}


def test_no_answer_fails_of_what_cannot_be_counted(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    def count(*_: object) -> None:
        raise OverflowError("too much waits")

    monkeypatch.setattr(tag_app.counting(), "count", count)
    world.expect([0.9, 0.1, 0.85, 0.06])
    assert tag(image_event(OPAQUE, "image/png")).status == 200
    said = capsys.readouterr().out
    assert '"NotCounted":[1.0]' in said.replace(" ", "")
    assert "too much waits" in caplog.text


# the command


def run_of_now(stack: Target, counts: dict[str, Any]) -> None:
    put(stack, DatasetKeys("demo").champion, run_documents.champion())
    put(stack, RunKeys(DEMO).reference, REFERENCE)
    hour = datetime.now(UTC).strftime("%Y-%m-%dT%H")
    put(stack, DatasetKeys("demo").drift_hour(hour, f"{DEMO}-a"), HourCounts(hour=hour, **counts))


def test_the_command_looks_now_and_exits_3_where_it_drifts(stack: Target) -> None:
    run_of_now(stack, counts_of(drawn(2, 1000, shift=2)))
    result = CliRunner().invoke(app, ["drift", "demo"])
    assert result.exit_code == 3
    assert "scores, tags" in result.stdout
    assert "1 label drifted: red" in result.stderr
    as_json = CliRunner().invoke(app, ["drift", "demo", "--json"])
    assert as_json.exit_code == 3
    assert json.loads(as_json.stdout)["verdict"] == "drifted"


def test_steady_and_too_few_exit_0_and_wrong_settings_1(stack: Target) -> None:
    run_of_now(stack, counts_of(drawn(2, 1000)))
    assert CliRunner().invoke(app, ["drift", "demo"]).exit_code == 0
    put(stack, "demo/dataset.yaml", b"drift: {min_images: 5000}")
    result = CliRunner().invoke(app, ["drift", "demo"])
    assert (result.exit_code, "from 5,000 on" in result.stderr) == (0, True)
    put(stack, "demo/dataset.yaml", b"drift: {psi: 99}")
    result = CliRunner().invoke(app, ["drift", "demo"])
    assert result.exit_code == 1
    assert "drift.psi: expected a number from 0.01 to 10, found 99" in result.stderr
    assert CliRunner().invoke(app, ["drift", "nowhere"]).exit_code == 1
