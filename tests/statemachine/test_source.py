"""The deployed definition and its pictures are what statemachine/retrain/ makes."""

import shutil
from pathlib import Path

import pytest

from tools.flow import __main__ as tool

STAGES = sorted(tool.SOURCE.parent.glob("*/*.yaml"))


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of its own with all that the tool reads and writes."""
    for path in [*tool.made(), *STAGES]:
        to = tmp_path / path.relative_to(tool.ROOT)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, to)
    monkeypatch.setattr(tool, "SOURCE", tmp_path / tool.SOURCE.relative_to(tool.ROOT))
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_what_is_deployed_is_what_the_source_makes() -> None:
    assert tool.stale() == []
    assert tool.main(["--check"]) == 0


def test_a_policy_edited_in_the_definition_only_is_found(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(copied / "statemachine/retrain.asl.json", '"MaxAttempts": 5', '"MaxAttempts": 4')
    assert tool.main(["--check"]) == 1
    said = capsys.readouterr().err
    assert '-          "MaxAttempts": 4' in said
    assert '+          "MaxAttempts": 5' in said
    assert "make flow" in said


def test_a_policy_is_one_edit_for_all_states(copied: Path) -> None:
    edit(copied / "statemachine/retrain/shared.yaml", "MaxAttempts: 5", "MaxAttempts: 3")
    assert tool.main(["--check"]) == 1
    assert tool.main([]) == 0
    text = (copied / "statemachine/retrain.asl.json").read_text(encoding="utf-8")
    assert text.count('"MaxAttempts": 5') == 0
    assert text.count('"MaxAttempts": 3,') == 19  # fifteen functions, four containers as before
    assert tool.main(["--check"]) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_stale_picture_is_found(copied: Path, scheme: str) -> None:
    edit(copied / f"docs/flow-{scheme}.svg", ">PlanDataset<", ">PlanData<")
    assert tool.main(["--check"]) == 1


def test_a_source_that_cannot_be_compiled_is_said(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(copied / "statemachine/retrain/fetch.yaml", "lambda-busy, shard]", "lambda-busy, shart]")
    assert tool.main(["--check"]) == 1
    assert "fetch.yaml: FetchShards: FetchShard: Retry shart is unknown" in capsys.readouterr().err


@pytest.mark.parametrize("path", STAGES, ids=lambda path: f"{path.parent.stem}-{path.stem}")
def test_a_stage_is_one_screen(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 80 or path.stem == "shared"
    assert max(map(len, lines)) <= 130
