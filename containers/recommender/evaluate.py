"""`evaluate`: challenger and champion for the same users; metrics, report, card, smoke test."""

import os
import sys
from datetime import UTC, datetime

import numpy as np

from recommender.candidate import Candidate, load
from recommender.card import card_document
from recommender.data import Names, Ratings, read_ratings, read_titles
from recommender.judging import judge, sample_of
from recommender.numbers import metrics_document
from recommender.report.page import report_page
from recommender.smoke import smoke_document
from tagline.formats.document import encode
from tagline.formats.trials import Trials
from trainer.contract import Base, JobRefused, guarded, read_document


def main() -> int:
    """Evaluate under the base folder the environment names; return the exit code."""
    base = Base.from_environment()
    return guarded(lambda: evaluate(base), base.processing_message)


def evaluate(base: Base) -> None:
    """Judge the models and write the documents; raises JobRefused."""
    challenger = load(
        base.processing_input("challenger/model.tar.gz"),
        "input 'challenger'",
        os.environ.get("TAGLINE_RUN"),
    )
    champion = _champion(base)
    names, titles = Names(), _titles(base, champion, challenger)
    before = [
        read_ratings(base.processing_input(x), f"input {x!r}", names)
        for x in ("train", "validation")
    ]
    after = read_ratings(base.processing_input("test"), "input 'test'", names)
    for model in filter(None, (challenger, champion)):
        for item in model.items:
            names.items.setdefault(item, len(names.items))
    history = Ratings(
        np.concatenate([ratings.users for ratings in before]),
        np.concatenate([ratings.items for ratings in before]),
    )
    evaluation = judge(
        challenger,
        champion,
        sample_of(history, after, names, titles),
        datetime.now(UTC).isoformat(timespec="seconds"),
        not_compared=os.environ.get("TAGLINE_NOT_COMPARED"),
        confidence=float(os.environ.get("TAGLINE_CONFIDENCE", "0.9")),
    )
    numbers = metrics_document(evaluation)
    output = base.processing_output
    output.mkdir(parents=True, exist_ok=True)
    (output / "smoke.json").write_bytes(encode(smoke_document(evaluation)))
    (output / "model_card.json").write_bytes(encode(card_document(evaluation, numbers)))
    (output / "report.html").write_text(report_page(evaluation, _trials(base)), encoding="utf-8")
    (output / "metrics.json").write_bytes(encode(numbers))
    beside = f", champion {numbers.champion.ndcg_at_10}" if numbers.champion else ""
    sys.stdout.write(
        f"NDCG@10 {numbers.ndcg_at_10} for {numbers.users} users"
        f" (popularity alone {numbers.baseline.ndcg_at_10}{beside})\n"
    )


def _trials(base: Base) -> Trials | None:
    path = base.processing_input("trials/trials.json")
    return read_document(path, "input 'trials'", Trials) if path.is_file() else None


def _titles(base: Base, *models: Candidate | None) -> dict[str, str]:
    """Return the titles by item: the newest, of the input, before those that models remember."""
    told: dict[str, str] = {}
    for model in filter(None, models):
        told |= {x: title for x, title in zip(model.items, model.titles, strict=True) if title}
    folder = base.processing_input("items")
    return told | (read_titles(folder, "input 'items'") if folder.is_dir() else {})


def _champion(base: Base) -> Candidate | None:
    archive = base.processing_input("champion/model.tar.gz")
    run = os.environ.get("TAGLINE_CHAMPION_RUN")
    if not archive.is_file():
        if run:
            raise JobRefused(f"champion {run} is named, but its model.tar.gz was not given")
        return None
    return load(archive, "input 'champion'", run)
