"""`train`: ratings in, model files out. Validation picks, then all ratings are learned from."""

import csv
import importlib.metadata
import io
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np

from recommender import ease, fitting, graph
from recommender.choosing import DECAYS, Recipe, Tried, best_decay, pick, recipes
from recommender.dataset import Dataset, read
from recommender.hyperparameters import Hyperparameters, parse
from recommender.judges import Judges
from recommender.parts import Ease, Part, standard
from recommender.running import Runner
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
    _say(
        f"{len(dataset.train)} users, {len(dataset.items)} items, {len(dataset.rated)} ratings; "
        f"{len(judges)} users judge"
    )
    if not len(judges):
        _say("no validation user has a history: nothing is chosen, all is as it usually is good")
    watch.listen()
    try:
        tried = _tried(dataset, judges, asked, watch)
    except EndedEarly as exc:
        _say(f"{exc} before there was a model")
        sys.exit(TERMINATED)
    found = recipes(tried.parts, judges, dataset.trained)
    best = pick(found)
    used = [each for each in tried.parts if best.name in (each.part.name, "blend")]
    parts, ended = _learned_from_all(dataset, used, tried, asked, watch)
    candidates = {recipe.name: recipe.ndcg for recipe in found}
    _say("  ".join(f"{name} {value:.4f}" for name, value in candidates.items()))
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
        hyperparameters=_used(asked, best, used, tried),
        versions={name: importlib.metadata.version(name) for name in _PACKAGES},
        ended_early=ended or None,
    )
    (base.model / "model.json").write_bytes(encode(description))
    # the last value is what SageMaker keeps, and ranks the trials of a search by
    _say(f"{best.name} is handed on: validation:ndcg_at_10={best.ndcg:.6f} exported")
    if watch.terminated:
        _say(f"all is saved {watch.since_sigterm:.1f} s after SIGTERM")
        sys.exit(TERMINATED)


class _Trained:
    """The parts that were trained to choose among, and how."""

    def __init__(self) -> None:
        self.parts: list[Tried] = []
        self.regularization: float | None = None
        self.epochs: dict[str, int] = {}


def _tried(dataset: Dataset, judges: Judges, asked: Hyperparameters, watch: Watch) -> _Trained:
    """Return what the hyperparameters ask for, each at its best age decay."""
    found, items = _Trained(), len(dataset.items)
    decays = DECAYS if asked.age_decay is None else (asked.age_decay,)
    names = ("ease", "multdae") if asked.algorithm == "auto" else (asked.algorithm,)
    if "ease" in names and items > ease.MOST_ITEMS:
        why = f"{items:,} items are more than EASE has memory for, {ease.MOST_ITEMS:,}"
        if asked.algorithm == "ease":
            raise JobRefused(f"{why}: ask for algorithm multdae, or leave rare items out")
        _say(f"EASE is left out: {why}")
        names = ("multdae",)
    if "ease" in names:
        together = ease.gram(dataset.train, items)
        best: Tried | None = None
        for value in _regularizations(together, asked, judges):
            one = best_decay(ease.ease(together, value), judges, decays)
            _say(f"ease: regularization {value:g}, age decay {one.decay:g}: NDCG@10 {one.ndcg:.6f}")
            if best is None or one.ndcg > best.ndcg:
                best, found.regularization = one, value
        assert best is not None  # noqa: S101 - there is at least one
        found.parts.append(best)
    for name in names:
        if name == "ease":
            continue

        def measure(part: Part) -> float:
            return judges.ndcg(part.scores(judges.histories, (1.0,))[0])

        fitted = fitting.fit(name, dataset.train, items, asked, watch, measure=measure)
        found.epochs[name] = fitted.epochs
        one = best_decay(fitted.part, judges, decays)
        _say(f"{name}: epoch {fitted.epochs}, age decay {one.decay:g}: NDCG@10 {one.ndcg:.6f}")
        found.parts.append(one)
    return found


def _regularizations(
    together: ease.Floats, asked: Hyperparameters, judges: Judges
) -> tuple[float, ...]:
    if asked.regularization is not None:
        return (asked.regularization,)
    tried = ease.choices(together)
    return tried if len(judges) else tried[len(tried) // 2 :][:1]


def _learned_from_all(
    dataset: Dataset, used: Sequence[Tried], tried: _Trained, asked: Hyperparameters, watch: Watch
) -> tuple[list[Part], str]:
    """Return the parts trained anew on training and validation, and what ended that early."""
    parts: list[Part] = []
    items = len(dataset.items)
    for each in used:
        name = each.part.name
        if wish := watch.wish():
            return [one.part for one in used], f"{wish}: validation's ratings are not learned from"
        if isinstance(each.part, Ease):
            assert tried.regularization is not None  # noqa: S101 - EASE was trained by it
            parts.append(ease.ease(ease.gram(dataset.everything, items), tried.regularization))
            continue
        epochs = tried.epochs[name]
        try:
            fitted = fitting.fit(name, dataset.everything, items, asked, watch, epochs=epochs)
        except EndedEarly as exc:
            return [one.part for one in used], f"{exc}: validation's ratings are not learned from"
        if fitted.ended:
            return [one.part for one in used], f"{fitted.ended}: validation is not learned from"
        parts.append(fitted.part)
    return parts, ""


def _write(base: Base, dataset: Dataset, parts: Sequence[Part], recipe: Recipe) -> None:
    """Write model.onnx and items.csv; raise JobRefused where ONNX Runtime disagrees."""
    lately = trend(dataset.rated, len(dataset.items), recipe.half_life)
    popular = standard(lately.astype(np.float32))
    written = graph.model(parts, recipe, popular)
    answers = Runner(written)
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
    _say(f"MXNet, numpy and ONNX Runtime agree to {difference:.1e}")
    base.model.mkdir(parents=True, exist_ok=True)
    (base.model / "model.onnx").write_bytes(written)
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("item", "title"))
    rows.writerows(zip(dataset.items, dataset.titles, strict=True))
    (base.model / "items.csv").write_text(text.getvalue(), encoding="utf-8")


def _used(
    asked: Hyperparameters, recipe: Recipe, used: Sequence[Tried], tried: _Trained
) -> Mapping[str, str]:
    """Return what was asked for, and what was chosen."""
    told: dict[str, object] = {
        name: value for name, value in vars(asked).items() if value is not None
    }
    if tried.regularization is not None:
        told["regularization"] = tried.regularization
    for each, share, decay in zip(used, recipe.shares, recipe.decays, strict=True):
        name = each.part.name
        told |= {f"{name}_share": share, f"{name}_age_decay": decay}
        if name in tried.epochs:
            told[f"{name}_epochs"] = tried.epochs[name]
    told |= {"trend": recipe.trend, "trend_half_life": recipe.half_life}
    return {name: str(value) for name, value in told.items()}


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 6)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
