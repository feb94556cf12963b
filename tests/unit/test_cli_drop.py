"""`tagline drop`: what lies in the bucket afterwards, and which run it starts."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tagline.cli import drop as drop_module
from tagline.cli.main import app
from tagline.cli.target import Target
from tagline.designs import DesignSet, draw_designs
from tagline.formats.keys import DatasetKeys
from tagline.formats.names import run_name
from tests.unit.cli_stack import BUCKET, metrics, put, stack, status

__all__ = ["stack"]
runner = CliRunner()


@pytest.fixture(scope="module")
def designs(tmp_path_factory: pytest.TempPathFactory) -> DesignSet:
    return draw_designs(tmp_path_factory.mktemp("designs"), count=12, seed=1, workers=1)


def keys(target: Target) -> list[str]:
    return [item["Key"] for item in target.s3.list_objects_v2(Bucket=BUCKET)["Contents"]]


def arguments(designs: DesignSet, *more: str) -> list[str]:
    return [
        "drop",
        "designs",
        str(designs.list_path),
        *("--labels", str(designs.labels_path)),
        *("--config", str(designs.settings_path)),
        *("--images", str(designs.folder / "images")),
        *more,
    ]


def test_everything_lies_where_the_flow_reads_it(stack: Target, designs: DesignSet) -> None:
    result = runner.invoke(app, arguments(designs, "--json"))
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    images = sorted(f"designs/images/{path.name}" for path in (designs.folder / "images").iterdir())
    assert keys(stack) == sorted(
        ["designs/dataset.yaml", "designs/labels.txt", "designs/lists/designs.lst", *images]
    )
    head = stack.s3.head_object(Bucket=BUCKET, Key="designs/lists/designs.lst")
    assert told["run"] == run_name(
        BUCKET, "designs/lists/designs.lst", head["VersionId"], head["ETag"]
    )
    assert told["images"] == {"sent": 12, "present": 0}
    sent = stack.s3.get_object(Bucket=BUCKET, Key=images[0])
    assert sent["ContentType"].startswith("image/")


def test_the_list_goes_last(stack: Target, designs: DesignSet) -> None:
    sent: list[str] = []

    stack.s3.meta.events.register(
        "before-parameter-build.s3.PutObject", lambda params, **_: sent.append(params["Key"])
    )
    drop_module.drop_dataset(
        stack,
        DatasetKeys("designs"),
        designs.list_path,
        labels=designs.labels_path,
        config=designs.settings_path,
        images=designs.folder,
    )
    assert len(sent) == 15
    assert sent[-1] == "designs/lists/designs.lst"


def test_images_that_are_there_are_not_sent_again(stack: Target, designs: DesignSet) -> None:
    first = json.loads(runner.invoke(app, arguments(designs, "--json")).stdout)
    changed = next(key for key in keys(stack) if "/images/" in key)
    put(stack, changed, b"something else")
    again = json.loads(runner.invoke(app, arguments(designs, "--json")).stdout)
    assert again["images"] == {"sent": 1, "present": 11}
    assert again["run"] != first["run"]  # a new version of the list is a new run


@pytest.mark.usefixtures("stack")
def test_rows_that_contradict_earlier_ones_are_said(
    stack: Target, designs: DesignSet, tmp_path: Path
) -> None:
    path = tmp_path / "designs.lst"
    first, *rest = designs.list_path.read_text().splitlines()
    number, *labels, _ = first.split("\t")
    other = "\t".join([number, *labels, "images/other.png"])
    path.write_text("\n".join([first, *rest, other]))
    (tmp_path / "images").mkdir()
    (tmp_path / "images/other.png").write_bytes(b"picture")
    result = runner.invoke(app, ["drop", "designs", str(path)])
    assert result.exit_code == 0, result.output
    assert "1 row contradicts earlier ones and is left out: the first counts" in result.stderr
    config = tmp_path / "dataset.yaml"
    config.write_text("on_conflict: last_wins\n")
    uploading = ["--config", str(config), "--images", str(tmp_path / "images")]
    result = runner.invoke(app, ["drop", "designs", str(path), *uploading])
    assert result.exit_code == 0, result.output
    assert "1 row is contradicted by later ones" in result.stderr
    assert "designs/images/other.png" in keys(stack)


def test_a_list_that_no_run_could_use_is_not_uploaded(stack: Target, tmp_path: Path) -> None:
    path = tmp_path / "bad.lst"
    path.write_text("x\t1\ta.png\n")
    result = runner.invoke(app, ["drop", "designs", str(path)])
    assert result.exit_code == 1
    assert "no row can be used" in result.stderr
    assert stack.s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


def test_what_lies_beside_in_the_bucket_is_what_the_run_uses(
    stack: Target, designs: DesignSet, tmp_path: Path
) -> None:
    list_path = tmp_path / "a.lst"
    list_path.write_text("0\t1\t0\ta.png\n1\t0\t1\tb.png\n2\t1\t0\ta.png\n2\t0\t1\ta.png\n")
    arguments = ["drop", "designs", str(list_path)]
    for file, data, said in (
        ("labels.txt", "one\n", "labels.txt has 1 names, but the list's rows have 2 labels"),
        (
            "labels.txt",
            "one\none\n",
            "s3://tagline-data/designs/labels.txt line 2: 'one' was named",
        ),
        ("labels.txt", "one\ntwo\n", None),
        ("dataset.yaml", "image:\n  size: 7\n", "s3://tagline-data/designs/dataset.yaml line 2"),
        ("dataset.yaml", "tolerance: {rejected: 0.1}", "above the tolerated share of 0.1"),
        ("dataset.yaml", "training: {mini_batch_size: 64}", "training.mini_batch_size reaches 64"),
        ("dataset.yaml", "on_conflict: last_wins", None),
    ):
        put(stack, f"designs/{file}", data.encode())
        result = runner.invoke(app, arguments)
        assert result.exit_code == (1 if said else 0), result.output
        assert (said or "") in result.stderr
    assert "contradicted by later ones" in result.stderr
    put(stack, "designs/dataset.yaml", b"source: s3://elsewhere/x/")
    result = runner.invoke(app, [*arguments, "--images", str(tmp_path)])
    assert result.exit_code == 1
    assert (
        "s3://tagline-data/designs/dataset.yaml says `source: s3://elsewhere/x/`" in result.stderr
    )
    config = tmp_path / "given.yaml"
    config.write_text("on_conflict: first_wins")
    result = runner.invoke(app, [*arguments, "--config", str(config)])
    assert result.exit_code == 0, result.output
    assert "1 row contradicts earlier ones" in result.stderr


def test_a_pipe_is_refused_before_it_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.lst"
    os.mkfifo(pipe)
    result = runner.invoke(app, ["drop", "designs", str(pipe)])
    assert result.exit_code == 1
    assert "pipe.lst is no regular file" in result.stderr


@pytest.mark.usefixtures("stack")
def test_images_beside_another_source_are_refused(designs: DesignSet, tmp_path: Path) -> None:
    config = tmp_path / "dataset.yaml"
    config.write_text("source: s3://elsewhere/images/\n")
    result = runner.invoke(app, [*arguments(designs), "--config", str(config)])
    assert result.exit_code == 1
    assert "leave --images out" in result.stderr


@pytest.mark.usefixtures("stack")
def test_a_dataset_with_a_bad_name_is_refused(designs: DesignSet) -> None:
    result = runner.invoke(app, ["drop", "no/slash", str(designs.list_path)])
    assert result.exit_code == 1
    assert "a name is 1 to 40 letters" in result.stderr


@pytest.mark.parametrize(("outcome", "code"), [("Promoted", 0), ("NotPromoted", 0), ("Failed", 1)])
def test_waiting_ends_with_the_outcome(
    stack: Target,
    designs: DesignSet,
    monkeypatch: pytest.MonkeyPatch,
    outcome: str,
    code: int,
) -> None:
    def finish(target: Target, run: str) -> dict[str, object]:
        put(target, f"designs/runs/{run}/status.json", status(run, outcome, "2026-01-01T00:00:00Z"))
        put(target, f"designs/runs/{run}/metrics.json", metrics())
        return {"status": "SUCCEEDED" if code == 0 else "FAILED"}

    monkeypatch.setattr(drop_module, "watch", finish)
    result = runner.invoke(app, arguments(designs, "--wait", "--json"))
    assert result.exit_code == code, result.output
    told = json.loads(result.stdout)
    assert (told["outcome"], told["mAP"], told["champion_map"]) == (outcome, 0.91, 0.85)
    assert told["report"] == f"s3://{BUCKET}/designs/runs/{told['run']}/report.html"
    table = runner.invoke(app, arguments(designs, "--wait"))
    assert table.exit_code == code
    assert outcome in table.stdout
    assert "better than no champion" in table.stdout
