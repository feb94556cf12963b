"""A name that is none of a run: what the commands take it for, and which names they say."""

from typing import Any

import pytest
from typer.testing import CliRunner

from tagline.cli import runs as runs_module
from tagline.cli.main import app
from tagline.cli.naming import one_run, run_or_newest
from tagline.cli.target import Target
from tests.unit.cli_stack import LATER_RUN, OTHER_RUN, RUN, put, stack, status

__all__ = ["stack"]
runner = CliRunner()


@pytest.fixture
def three(stack: Target, monkeypatch: pytest.MonkeyPatch) -> Target:
    """Two runs of designs, one of logos."""
    monkeypatch.setattr(runs_module, "_running", lambda _target, _dataset: [])
    for at, run in enumerate((OTHER_RUN, RUN, LATER_RUN), 1):
        ended = status(run, "Promoted", f"2026-01-0{at}T00:00:00Z")
        put(stack, f"{run.rpartition('-')[0]}/runs/{run}/status.json", ended)
    put(stack, "empty/images/a.png", b"")
    return stack


def test_a_dataset_stands_for_its_newest_run(three: Target) -> None:
    assert run_or_newest(three, RUN) == RUN
    assert run_or_newest(three, "designs") == LATER_RUN
    assert one_run(three, RUN) == RUN


def said(*words: str) -> Any:
    done = runner.invoke(app, list(words))
    assert done.exit_code == 1, done.output
    return " ".join(done.stderr.split())


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    "words",
    [
        ("promote", "designs", "--why", "x"),
        ("cancel", "designs"),
        ("retry", "designs"),
        ("compare", "designs", RUN),
        ("compare", RUN, "designs"),
    ],
)
def test_a_dataset_where_one_run_is_meant(words: tuple[str, ...]) -> None:
    told = said(*words)
    assert "'designs' is a dataset, and one of its runs is meant: `tagline runs designs`" in told


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    "words",
    [
        ("promote", "desings", "--why", "x"),
        ("cancel", "empty"),
        ("retry", "no run"),
        ("watch", "desings"),
        ("logs", "desings"),
        ("compare", "a", "b"),
    ],
)
def test_no_run_at_all(words: tuple[str, ...]) -> None:
    told = said(*words)
    assert "is not <dataset>-<16 hexadecimal digits>: `tagline runs` lists those there are" in told
    assert "there are runs of designs, logos" in told


@pytest.mark.usefixtures("three")
def test_show_and_runs_of_a_dataset_without_runs() -> None:
    told = said("show", "desings")
    assert (
        "desings is no run, and a dataset of that name has no run: there are runs of designs, logos"
        in told
    )
    done = runner.invoke(app, ["runs", "desings"])
    assert done.exit_code == 0
    assert "Dataset desings has no run; there are runs of designs, logos" in done.stderr


@pytest.mark.usefixtures("stack")
def test_where_there_is_no_run_at_all_it_is_said_how_one_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runs_module, "_running", lambda _target, _dataset: [])
    for words in (["runs"], ["runs", "designs"], ["show", "designs"]):
        assert "`tagline drop DATASET LIST` starts one" in runner.invoke(app, words).stderr
