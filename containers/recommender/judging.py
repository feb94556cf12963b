"""Challenger, champion and popularity for the same users, over the items of all."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.candidate import Candidate, Over
from recommender.data import Histories, Names, Ratings
from tagline.ranking.bootstrap import gain
from tagline.ranking.lists import InvalidRanking, Judged, Lists, lists
from tagline.ranking.popularity import popularity
from tagline.scores.bootstrap import Gain
from trainer.contract import JobRefused

Columns = NDArray[np.int64]


@dataclass(frozen=True)
class Sample:
    """What models are judged by: n users with a history and something relevant.

    `items` are the union of the items of both models and of all ratings, in whose numbers all is
    told. `users` are who judges, `histories` what they had rated before the test, `relevant` what
    they rated in it and not before. `raters` (U,) counts who had rated each item by then, `known`
    how many users had rated any.
    """

    items: tuple[str, ...]
    titles: tuple[str, ...]
    users: tuple[str, ...]
    histories: tuple[Columns, ...]
    relevant: tuple[Columns, ...]
    raters: Columns
    known: int
    ratings: int
    without_history: int

    @property
    def lengths(self) -> Columns:
        """Items of each history, (n,)."""
        return np.array([len(history) for history in self.histories], np.int64)


@dataclass(frozen=True)
class Evaluation:
    """Everything the evaluation found; `champion` and what hangs on it is None on a first run.

    `difference` is None, too, where `not_compared` tells why.
    """

    test: Sample
    challenger: Over
    champion: Over | None
    lists: Lists
    champion_lists: Lists | None
    popular: Lists
    over_popularity: Gain | None
    difference: Gain | None
    not_compared: str | None
    created: str


def sample_of(before: Ratings, after: Ratings, names: Names, titles: dict[str, str]) -> Sample:
    """Return who judges, of ratings before the test and in it; raise JobRefused for nobody."""
    items, count = len(names.items), len(names.users)
    history = Histories.of(before.users, before.items, count)
    later = Histories.of(after.users, after.items, count)
    told = list(names.users)
    users, histories, relevant = [], [], []
    without = 0
    for user in np.flatnonzero(later.lengths).tolist():
        if not len(history[user]):
            without += 1
            continue
        new = np.setdiff1d(later[user], history[user])
        if len(new):
            users.append(told[user])
            histories.append(history[user])
            relevant.append(new)
    if not users:
        others = int(np.count_nonzero(later.lengths)) - without
        raise JobRefused(
            f"no model could be judged: {without} users of the test have rated nothing before it, "
            f"and {others} others nothing in it that was new to them"
        )
    return Sample(
        items=tuple(names.items),
        titles=tuple(titles.get(item, "") for item in names.items),
        users=tuple(users),
        histories=tuple(histories),
        relevant=tuple(relevant),
        raters=popularity(history.items, items).astype(np.int64),
        known=int(np.count_nonzero(history.lengths)),
        ratings=len(after),
        without_history=without,
    )


def judge(
    challenger: Candidate,
    champion: Candidate | None,
    test: Sample,
    created: str,
    *,
    not_compared: str | None = None,
    confidence: float = 0.9,
) -> Evaluation:
    """Judge both models for the same users, by the same code; raises JobRefused."""
    union = {item: number for number, item in enumerate(test.items)}
    first = challenger.judged_over(union)
    second = champion.judged_over(union) if champion else None
    mine, popular = _lists(first, test), lists(_popular(test))
    theirs = _lists(second, test) if second else None
    against = mine.ndcg(), popular.ndcg()
    return Evaluation(
        test=test,
        challenger=first,
        champion=second,
        lists=mine,
        champion_lists=theirs,
        popular=popular,
        over_popularity=gain(*against, confidence=confidence),
        difference=gain(against[0], theirs.ndcg(), confidence=confidence)
        if theirs is not None and not not_compared
        else None,
        not_compared=not_compared if champion else None,
        created=created,
    )


def _lists(model: Over, test: Sample) -> Lists:
    def judged() -> Iterator[Judged]:
        for history, relevant in zip(test.histories, test.relevant, strict=True):
            yield Judged(model.scores(history), history, relevant)

    try:
        return lists(judged())
    except InvalidRanking as exc:
        raise JobRefused(f"{model.candidate.role}: {exc}") from exc


def _popular(test: Sample) -> Iterator[Judged]:
    for history, relevant in zip(test.histories, test.relevant, strict=True):
        yield Judged(test.raters.astype(np.float64), history, relevant)
