"""The model behind an endpoint of ratings: a history of items in, the best others out."""

import csv
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from server.model import UnusableModel, load_session, read_description
from tagline.formats.recommending import (
    Recommendations,
    Recommended,
    RecommenderDescription,
    RecommendRequest,
    newest_heard,
)

_INPUTS, _OUTPUTS = ("history", "exclude", "k"), {"scores", "items", "best"}
_USUAL_HISTORY = 100  # items; what an answer takes is measured with it
_DIGITS = 6
Columns = NDArray[np.int64]


class Recommender:
    """A loaded model; `answer` may be called from several threads at once.

    `items` are the columns of its scores, `titles` theirs, "" without one; `seconds` is what an
    answer took when it was loaded.
    """

    def __init__(
        self,
        description: RecommenderDescription,
        items: tuple[str, ...],
        titles: tuple[str, ...],
        session: onnxruntime.InferenceSession,
    ) -> None:
        self.description, self.items, self.titles = description, items, titles
        self.seconds = 0.0
        self._columns = {item: column for column, item in enumerate(items)}
        self._session = session

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the model in a folder, once it has answered.

        Raise UnusableModel when a file is missing, or model.json, items.csv and model.onnx do not
        go together. One thread computes an answer: requests are the parallelism.
        """
        description = read_description(folder / "model.json", RecommenderDescription)
        items, titles = _read_items(folder / "items.csv")
        path = folder / "model.onnx"
        session = load_session(path, 1)
        inputs = tuple(node.name for node in session.get_inputs())
        outputs = {node.name: node.shape for node in session.get_outputs()}
        if inputs != _INPUTS or not outputs.keys() >= _OUTPUTS:
            raise UnusableModel(f"{path} maps {inputs} to {tuple(outputs)}")
        if not len(items) == description.items == outputs["scores"][0]:
            raise UnusableModel(
                f"{path} scores {outputs['scores'][0]} items, items.csv names {len(items)} and "
                f"model.json {description.items}"
            )
        model = cls(description, items, titles, session)
        usual = RecommendRequest(items=items[:_USUAL_HISTORY])
        for _ in range(2):  # the first makes ready
            began = time.perf_counter()
            model.answer(usual)
            model.seconds = time.perf_counter() - began
        return model

    def cost(self, request: RecommendRequest) -> float:
        """Return how many CPU seconds an answer takes, about."""
        return self.seconds * (1 + len(request.items) / _USUAL_HISTORY)

    def answer(self, request: RecommendRequest) -> Recommendations:
        """Return the best items for a history, or what is popular where none of it is known.

        Of equal scores the more popular item goes first. Raise UnusableModel when the model cannot
        score.
        """
        asked = list(dict.fromkeys(reversed(request.items)))[::-1]  # the newest of equal ones
        history = self._known(asked)[-newest_heard(len(self.items)) :]
        exclude = self._known(dict.fromkeys(request.exclude))
        count = min(request.top_k, len(self.items) - len(exclude))
        return Recommendations(
            run=self.description.run,
            created=self.description.created,
            recommendations=self._best(history, exclude, count) if count else (),
            basis="history" if len(history) else "popularity",
            unknown=tuple(item for item in asked if item not in self._columns),
        )

    def _known(self, items: Iterable[str]) -> Columns:
        return np.array([self._columns[item] for item in items if item in self._columns], np.int64)

    def _best(self, history: Columns, exclude: Columns, count: int) -> tuple[Recommended, ...]:
        given = {"history": history, "exclude": exclude, "k": np.array([count], np.int64)}
        try:
            columns, scores = self._session.run(["items", "best"], given)
        except Exception as exc:  # ONNX Runtime's errors share no base class of their own
            raise UnusableModel(f"model.onnx cannot score {len(history)} items: {exc}") from exc
        if not np.isfinite(scores).all():
            raise UnusableModel("model.onnx answers with scores that are not numbers")
        return tuple(
            Recommended(
                item=self.items[column],
                title=self.titles[column] or None,
                score=round(score, _DIGITS),
            )
            for column, score in zip(columns.tolist(), scores.tolist(), strict=True)
        )


def _read_items(path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return ids and titles; raise UnusableModel where the file is not what training wrote."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        items, titles = zip(*rows[1:], strict=True)
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as exc:
        raise UnusableModel(f"{path} cannot be read: {exc}") from exc
    return items, titles
