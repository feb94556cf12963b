"""Completion: commands, options, choices, and names from the cloud."""

from pathlib import Path
from threading import Event

import pytest

from tagline.cli import completing
from tagline.cli.completing import complete
from tagline.cli.target import Target
from tests.unit.cli_stack import RUN, put, stack

__all__ = ["stack"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["con"], ["convert"]),
        (["convert", "--to", ""], ["coco", "csv", "list", "manifest"]),
        (["convert", "x.csv", "--to=c"], ["--to=coco", "--to=csv"]),
        (["try", "--"], ["--json", "--set", "--stack", "--wait"]),
        (["convert", "x.csv", "--mer"], ["--merge"]),
        (["try", "x", "--set", "training.ep"], ["training.epochs="]),
        (["try", "x", "--set=training.ep"], ["--set=training.epochs="]),
        (
            ["try", "x", "--set", "training.algorithm="],
            ["training.algorithm=builtin", "training.algorithm=ours"],
        ),
        (["try", "x", "--set", "training.epochs="], []),
        (["try", "x", "--set", "split."], []),  # the dataset's
        (["convert", ""], []),  # files
        (["check", "x.lst", "--labels", ""], []),
        (["completion", ""], ["bash", "fish", "zsh"]),
        (["nothing", ""], []),
        (["im2"], ["im2rec"]),
    ],
)
def test_what_may_come_next(
    words: list[str], found: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    complete(words)
    assert capsys.readouterr().out.splitlines() == found


def test_datasets_and_runs_come_from_the_cloud_once(
    stack: Target, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(stack, f"designs/runs/{RUN}/status.json", b"{}")
    put(stack, "logos/lists/a.lst", b"x")
    complete(["drop", "--wait", ""])
    assert capsys.readouterr().out.splitlines() == ["designs", "logos"]
    monkeypatch.setattr(completing, "_asked", pytest.fail)
    complete(["compare", RUN, "des"])
    assert capsys.readouterr().out.splitlines() == [RUN]
    complete(["show", RUN, ""])
    assert capsys.readouterr().out == ""


def test_without_a_cloud_nothing_is_completed(
    stack: Target, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Target, "stack_outputs", lambda _self: {})
    complete(["show", ""])
    assert capsys.readouterr().out == ""


def test_show_takes_a_dataset_too_and_another_stack_has_names_of_its_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        completing, "_asked", lambda name: {"DATASET": [f"in-{name}"], "RUN": [f"in-{name}-1"]}
    )
    complete(["show", "--stack=shop", ""])
    complete(["show", "--stack", "other", ""])
    assert capsys.readouterr().out.split() == ["in-shop", "in-shop-1", "in-other", "in-other-1"]


def test_a_cloud_that_does_not_answer_keeps_nobody_waiting(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = Event()
    monkeypatch.setattr(completing, "_listed", lambda _stack: answered.wait() and {})
    monkeypatch.setattr(completing, "_PATIENCE", 0.01)
    complete(["show", ""])
    answered.set()
    assert capsys.readouterr().out == ""
