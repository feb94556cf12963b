"""`tagline try`: the newest list once more, under a name of its own, with what is tried."""

import json

import pytest
from typer.testing import CliRunner

from tagline.cli.main import app
from tagline.cli.target import Target
from tagline.formats.names import run_name
from tagline.formats.outcomes import Newest
from tagline.formats.plan import TRIED
from tests.unit import run_documents
from tests.unit.cli_stack import BUCKET, OTHER_RUN, RUN, put, stack

__all__ = ["stack"]
runner = CliRunner()


@pytest.fixture
def dropped(stack: Target) -> Target:
    """A stack whose newest list was overwritten after its run had read it."""
    key = "designs/lists/autumn.lst.gz"
    first = stack.s3.put_object(Bucket=BUCKET, Key=key, Body=b"the list")
    source = {"key": key, "version_id": first["VersionId"], "etag": "e", "sha256": "s"}
    plan = run_documents.plan(run=RUN, dataset="designs", list=source)
    put(stack, f"designs/runs/{RUN}/plan.json", plan)
    put(stack, "designs/newest.json", Newest(run=RUN, started="2026-01-01T00:00:00Z"))
    put(stack, "designs/champion.json", run_documents.champion(run=RUN))
    put(stack, "designs/dataset.yaml", b"training: {epochs: 3}\n")
    put(stack, key, b"a later one, whose event is under way")
    return stack


def test_the_list_that_was_planned_lies_there_again_with_what_is_tried(dropped: Target) -> None:
    given = ["--set", "training.epochs=20", "--set", "image.size=128"]
    result = runner.invoke(app, ["try", "designs", *given, "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    key = told["list_uri"].removeprefix(f"s3://{BUCKET}/")
    assert key.startswith("designs/lists/tried-")
    assert key.endswith(".lst.gz")
    found = dropped.s3.get_object(Bucket=BUCKET, Key=key)
    assert found["Body"].read() == b"the list"
    assert json.loads(found["Metadata"][TRIED]) == ["training.epochs=20", "image.size=128"]
    assert told["run"] == run_name(BUCKET, key, found["VersionId"], found["ETag"])
    assert (told["of"], told["champion"]) == (RUN, RUN)
    assert f"tagline compare {RUN} {told['run']}" in result.stderr
    assert f"tagline promote {told['run']} --why" in result.stderr
    other = runner.invoke(app, ["try", "designs", "--set", "training.epochs=7", "--json"])
    assert json.loads(other.stdout)["list_uri"] != told["list_uri"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("training.epoch=20", "training.epoch: no such setting"),
        ("training.epochs=0", "training.epochs: expected an integer from 1 to 1000, found 0"),
        ("training.epochs=3", "training.epochs=3: that is what s3://"),
        ("training.optimizer=adam", "says already, or the default"),
        ("split.seed=3", "split is the dataset's"),
        ("nothing", "expected SETTING=VALUE"),
    ],
)
def test_what_is_refused_starts_nothing(dropped: Target, given: str, said: str) -> None:
    result = runner.invoke(app, ["try", "designs", "--set", given])
    assert result.exit_code == 1
    assert said in result.stderr
    assert [*dropped.bucket.keys("designs/lists/tried-")] == []


@pytest.mark.usefixtures("stack")
def test_without_a_list_there_is_nothing_to_try() -> None:
    result = runner.invoke(app, ["try", "designs", "--set", "training.epochs=20"])
    assert result.exit_code == 1
    assert "`tagline drop designs LIST` starts its first run" in result.stderr


def test_a_list_that_is_being_planned_or_gone(stack: Target) -> None:
    put(stack, "designs/newest.json", Newest(run=RUN, started="2026-01-01T00:00:00Z"))
    arguments = ["try", "designs", "--set", "training.epochs=20"]
    result = runner.invoke(app, arguments)
    assert f"run {RUN}, of the newest list, is being planned" in result.stderr
    put(stack, f"designs/runs/{RUN}/plan.json", run_documents.plan(run=RUN, dataset="designs"))
    result = runner.invoke(app, arguments)
    assert (result.exit_code, OTHER_RUN in result.stderr) == (1, False)
    assert "the newest list is gone" in result.stderr
