"""A trained recommender as a judge sees it: its items, and its scores for histories.

The ONNX file is judged, because that is the one that serves.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recommender.running import INPUTS, Runner
from tagline.formats.document import UnreadableDocument, decode
from tagline.formats.recommending import RecommenderDescription, newest_heard
from trainer.archive import members
from trainer.contract import JobRefused, existing

Columns = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Candidate:
    """A model that wants to serve, or does; `items` are its columns, `titles` theirs."""

    role: str
    run: str
    description: RecommenderDescription
    items: tuple[str, ...]
    titles: tuple[str, ...]
    runner: Runner

    def judged_over(self, union: Mapping[str, int]) -> "Over":
        """Return the model's scores over the items of a union, which holds all of its own."""
        places = np.array([union[item] for item in self.items], np.int64)
        columns = np.full(len(union), -1, np.int64)
        columns[places] = np.arange(len(places))
        return Over(self, places, columns)


@dataclass(frozen=True)
class Over:
    """A model over U items: `places` (I,) of its own among them, `columns` (U,), -1 if unknown."""

    candidate: Candidate
    places: Columns
    columns: Columns

    def scores(self, history: Columns) -> Floats:
        """Return the scores (U,) of a history (L,) of the union's items; -inf if unknown."""
        found = np.full(len(self.columns), -np.inf, np.float32)
        found[self.places] = self.candidate.runner.scores(self.known(history))
        return found

    def known(self, history: Columns) -> Columns:
        """Return the columns of what the model knows and hears of a history, in its order."""
        columns = self.columns[history]
        return columns[columns >= 0][-newest_heard(len(self.places)) :]


def load(archive: Path, role: str, run: str | None) -> Candidate:
    """Return the model of a model.tar.gz; `run` None takes the run model.json names."""
    files = members(existing(archive, role), role, ("model.json", "model.onnx", "items.csv"))
    try:
        description = decode(
            files["model.json"], RecommenderDescription, f"model.json in {archive}"
        )
    except UnreadableDocument as exc:
        raise JobRefused(f"{role}: {exc}") from exc
    try:
        rows = list(csv.reader(io.StringIO(files["items.csv"].decode())))
        items, titles = zip(*rows[1:], strict=True)
    except (UnicodeDecodeError, csv.Error, ValueError) as exc:
        raise JobRefused(f"{role}: items.csv in {archive} cannot be read: {exc}") from exc
    try:
        runner = Runner(files["model.onnx"])
    except Exception as exc:  # ONNX Runtime's errors share no public base class
        raise JobRefused(f"{role}: model.onnx in {archive} cannot be loaded: {exc}") from exc
    if runner.names != INPUTS or not runner.items == len(items) == description.items:
        raise JobRefused(
            f"{role}: model.onnx scores {runner.items} items by {runner.names}, items.csv names "
            f"{len(items)}, model.json {description.items}"
        )
    return Candidate(role, run or description.run, description, items, titles, runner)
