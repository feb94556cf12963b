"""An evaluation of made-up scores, and the report of it."""

import io
from collections.abc import Mapping, Sequence
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from tagline.formats.merged import Merged
from tagline.formats.models import ModelDescription
from tagline.formats.rows import Verdict
from tagline.formats.settings import ImageSpec
from tagline.formats.tasks import Task
from tagline.scores.temperature import softmax
from tests.unit.documents import OTHER, RUN
from tests.unit.run_documents import packed_dataset
from trainer.audit import suspects
from trainer.evaluation import Evaluation
from trainer.judge import Judges, judge
from trainer.report.page import report_page

HOSTILE = '<b>wide</b> & "low"'
LABELS = ("red", "round", HOSTILE, "never", "blue", "small")
CREATED = "2026-11-12T01:00:00+00:00"


def evaluation(
    images: int = 120, labels: Sequence[str] = LABELS, *, champion: bool = True, test: bool = True
) -> Evaluation:
    """Judge a good model, beside a worse champion, on `images` images and as many of validation."""
    rng = np.random.default_rng(3)
    often = np.resize([0.3, 0.4, 0.2, 0, 0.25, 0.1], len(labels))
    sides = [_side(rng, images, often, first) for first in (0, images)]
    models = [_model(run, labels, sides, noise) for run, noise in ((RUN, 2.0), (OTHER, 3.5))]
    judges = Judges(sides[1], sides[0]) if test else Judges(sides[0])
    return judge(models[0], models[1] if champion else None, judges, tuple(labels), CREATED)


def single_evaluation(
    images: int = 120,
    labels: Sequence[str] = LABELS,
    *,
    champion: Task | None = Task.SINGLE,
    test: bool = True,
    accuracy: float = 0.9,
    by_hand: Mapping[str, float] = MappingProxyType({}),
) -> Evaluation:
    """Judge the same where each image has exactly one label; the champion may be of another task.

    Nobody has the label `never`.
    """
    rng = np.random.default_rng(3)
    often = np.array([label != "never" for label in labels], float)
    sides: list[Any] = []
    for start in (0, images):
        classes = rng.choice(len(labels), images, p=often / often.sum())
        truth = np.eye(len(labels), dtype=np.uint8)[classes]
        ids = start + np.arange(images)
        sides.append(SimpleNamespace(labels=truth, different=images, ids=ids))
    first, second = (
        _model(run, labels, sides, noise, task)
        for run, noise, task in ((RUN, 2.0, Task.SINGLE), (OTHER, 3.5, champion or Task.SINGLE))
    )
    how: Any = {"task": Task.SINGLE, "accuracy": accuracy, "by_hand": by_hand}
    judges = Judges(sides[1], sides[0], **how) if test else Judges(sides[0], **how)
    return judge(first, second if champion else None, judges, tuple(labels), CREATED)


def rows_of(found: Evaluation) -> dict[int, Verdict]:
    """Return the list's row of each record: line 1000 and on, a path that is no HTML."""
    last = 2 * len(found.ids)
    return {
        n: Verdict(line=1000 + n, id=n, path=f"folder/<i>{n}.png", verdict="accepted")
        for n in range(last)
    }


def page(found: Evaluation, merged: Merged | None = None) -> str:
    """Return the report."""
    rows = rows_of(found)
    stream = io.BytesIO()
    Image.new("RGB", (32, 32), "tomato").save(stream, "JPEG")
    records: Any = SimpleNamespace(jpeg=lambda _index: stream.getvalue())
    dataset = packed_dataset(
        labels=found.labels,
        positives={label: {"train": 7, "validation": 2} for label in found.labels},
    )
    return report_page(found, records, dataset, rows, suspects(found, rows), merged=merged)


def _side(rng: np.random.Generator, images: int, often: np.ndarray, first: int) -> Any:
    truth = (rng.random((images, len(often))) < often).astype(np.uint8)
    return SimpleNamespace(labels=truth, different=images, ids=first + np.arange(images))


def _model(
    run: str, labels: Sequence[str], sides: Sequence[Any], noise: float, task: Task = Task.MULTI
) -> Any:
    rng = np.random.default_rng(round(noise * 10))
    answers = {}
    for side in sides:
        logits = 5.0 * side.labels - 2 + rng.normal(0, noise, side.labels.shape)
        scores = softmax(logits) if task is Task.SINGLE else 1 / (1 + np.exp(-logits))
        answers[id(side)] = scores.astype(np.float32)
    described = ModelDescription(
        labels=tuple(labels),
        image=ImageSpec(),
        network="small",
        best_epoch=3,
        task=task,
        temperature=1.4 if task is Task.SINGLE else None,
    )
    return SimpleNamespace(
        run=run, role="challenger", labels=tuple(labels), description=described,
        scores=lambda records, _labels: answers[id(records)],
        side=32,
    )  # fmt: skip
