"""`train`: ratings in, model files out. Validation picks, then all ratings are learned from."""

import csv
import importlib.metadata
import io
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np

from recommender import graph
from recommender.choosing import Recipe, pick, recipes
from recommender.dataset import Dataset, read
from recommender.hyperparameters import Hyperparameters, parse
from recommender.judges import Judges
from recommender.parts import Part, standard
from recommender.running import Runner
from recommender.trying import Trying, say
from tagline.formats.document import encode
from tagline.formats.recommending import RecommenderDescription
from tagline.ranking.popularity import trend
from trainer.contract import Base, JobRefused, guarded, read_json
from trainer.watch import TERMINATED, EndedEarly, Watch

TOLERANCE = 1e-3  # standard deviations between the parts and their ONNX model
_PACKAGES = ("mxnet", "numpy", "onnx", "onnxruntime")
_COMPARED = 20  # histories


def main() -> int:
    """Train under the base folder the environment names; return the exit code."""
    base = Base.from_environment()
    return guarded(lambda: train(base), base.training_failure)


def train(base: Base) -> None:
    """Train as the hyperparameters ask and write the model; raises JobRefused.

    One that SIGTERM ended writes what it has, then exits with 143.
    """
    asked = parse(read_json(base.hyperparameters, "the training job"))
    watch = Watch(asked.max_runtime)
    dataset = read(base.root / "input/data")
    judges = Judges.of(dataset, asked.seed)
    say(
        f"{len(dataset.train)} users, {len(dataset.items)} items, {len(dataset.rated)} ratings; "
        f"{len(judges)} users judge"
    )
    if not len(judges):
        say("no validation user has a history: nothing is chosen, all is as it usually is good")
    watch.listen()
    trying = Trying(dataset, judges, asked, watch)
    try:
        trying.all()
    except EndedEarly as exc:
        say(f"{exc} before there was a model")
        sys.exit(TERMINATED)
    found = recipes(trying.tried, judges, dataset.trained)
    best = pick(found)
    parts = trying.learned_from_all(
        [each for each in trying.tried if best.name in (each.part.name, "blend")]
    )
    candidates = {recipe.name: recipe.ndcg for recipe in found}
    say("  ".join(f"{name} {value:.4f}" for name, value in candidates.items()))
    _write(base, dataset, parts, best)
    description = RecommenderDescription(
        run=asked.run,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        algorithm=best.name,
        ndcg_at_10=_number(best.ndcg),
        candidates={name: _number(value) for name, value in candidates.items()},
        items=len(dataset.items),
        users=int(np.count_nonzero(dataset.everything.lengths)),
        ratings=len(dataset.everything.items),
        hyperparameters=_used(asked, best, parts, trying),
        versions={name: importlib.metadata.version(name) for name in _PACKAGES},
        ended_early=trying.ended or None,
    )
    (base.model / "model.json").write_bytes(encode(description))
    # the last value is what SageMaker keeps, and ranks the trials of a search by
    say(f"{best.name} is handed on: validation:ndcg_at_10={best.ndcg:.6f} exported")
    if watch.terminated:
        say(f"all is saved {watch.since_sigterm:.1f} s after SIGTERM")
        sys.exit(TERMINATED)


def _write(base: Base, dataset: Dataset, parts: Sequence[Part], recipe: Recipe) -> None:
    """Write model.onnx and items.csv; raise JobRefused where ONNX Runtime disagrees."""
    lately = trend(dataset.rated, len(dataset.items), recipe.half_life)
    popular = standard(lately.astype(np.float32))
    base.model.mkdir(parents=True, exist_ok=True)
    (base.model / "model.onnx").write_bytes(graph.model(parts, recipe, popular))
    answers = Runner(str(base.model / "model.onnx"))
    some = np.flatnonzero(dataset.everything.lengths)[:_COMPARED]
    histories = [dataset.everything[user] for user in some.tolist()]
    expected = np.float32(recipe.trend) * popular + sum(
        np.float32(share) * standard(part.scores(histories, [decay])[0])
        for part, share, decay in zip(parts, recipe.shares, recipe.decays, strict=True)
    )
    got = np.stack([answers.scores(history) for history in histories])
    difference = float(np.abs(got - expected).max())
    if not difference <= TOLERANCE:
        raise JobRefused(
            f"the exported ONNX model disagrees by {difference:.2g} in a score; {TOLERANCE:g} is "
            "allowed, so the model is not handed on"
        )
    say(f"the parts and their ONNX model agree to {difference:.1e}")
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("item", "title"))
    rows.writerows(zip(dataset.items, dataset.titles, strict=True))
    (base.model / "items.csv").write_text(text.getvalue(), encoding="utf-8")


def _used(
    asked: Hyperparameters, recipe: Recipe, parts: Sequence[Part], trying: Trying
) -> Mapping[str, str]:
    """Return what was asked for, and what was chosen."""
    told: dict[str, object] = {
        name: value for name, value in vars(asked).items() if value is not None
    }
    if trying.regularization is not None:
        told["regularization"] = trying.regularization
    for part, share, decay in zip(parts, recipe.shares, recipe.decays, strict=True):
        name = part.name
        told |= {f"{name}_share": share, f"{name}_age_decay": decay}
        if name in trying.epochs:
            told[f"{name}_epochs"] = trying.epochs[name]
    told |= {"trend": recipe.trend, "trend_half_life": recipe.half_life}
    return {name: str(value) for name, value in told.items()}


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 6)
