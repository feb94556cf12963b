"""Runs and datasets by the names that a person typed."""

from tagline.cli.datasets import datasets_said, has_runs
from tagline.cli.errors import Refused
from tagline.cli.output import say
from tagline.cli.runs import newest_first
from tagline.cli.target import Target
from tagline.formats.names import DATASET, InvalidName, dataset_of_run


def run_or_newest(target: Target, name: str) -> str:
    """Return a run's name, or of a dataset the name of its newest run; raises Refused."""
    try:
        dataset_of_run(name)
    except InvalidName as exc:
        run = newest_of(target, name)
        if run is None:
            raise _no_run(target, exc) from exc
        say(f"Run {run}, the newest of dataset {name}", style="dim")
        return run
    return name


def one_run(target: Target, name: str) -> str:
    """Return a run's name unchanged; raises Refused for another, saying which there are."""
    try:
        dataset_of_run(name)
    except InvalidName as exc:
        if DATASET.fullmatch(name) and has_runs(target, name):
            raise Refused(
                f"{name!r} is a dataset, and one of its runs is meant: `tagline runs {name}` "
                "lists them"
            ) from exc
        raise _no_run(target, exc) from exc
    return name


def newest_of(target: Target, dataset: str) -> str | None:
    """Return the newest run of a dataset; None where there is none, or no such name can be."""
    found = newest_first(target, dataset) if DATASET.fullmatch(dataset) else []
    return found[0].run if found else None


def _no_run(target: Target, fault: InvalidName) -> Refused:
    return Refused(f"{fault}: `tagline runs` lists those there are; {datasets_said(target)}")
