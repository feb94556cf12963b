"""Histories and what is recommended for them, which a fresh endpoint must reproduce."""

import numpy as np

from recommender.candidate import Columns
from recommender.judging import Evaluation
from tagline.formats.recommending import RecommenderSmoke, RecommendRequest, SmokeHistory

_USERS = 3
_LONGEST = 200  # items of a history that are asked about, the newest of them
_TOP = 10


def smoke_document(evaluation: Evaluation) -> RecommenderSmoke:
    """Return smoke.json: histories from the shortest to the longest, and none at all."""
    test, over = evaluation.test, evaluation.challenger
    order = np.argsort(test.lengths, kind="stable")
    wanted = order[np.linspace(0, len(order) - 1, min(_USERS, len(order))).round().astype(int)]
    known = [over.known(test.histories[user])[-_LONGEST:] for user in wanted.tolist()]
    histories = [np.zeros(0, np.int64), *(history for history in known if len(history))]
    return RecommenderSmoke(
        run=over.candidate.run,
        histories=tuple(_asked(evaluation, history) for history in histories),
    )


def _asked(evaluation: Evaluation, history: Columns) -> SmokeHistory:
    model = evaluation.challenger.candidate
    items, scores = model.runner.best(history, history, _TOP)
    ids = tuple(model.items[column] for column in history.tolist())
    return SmokeHistory(
        request=RecommendRequest(items=ids, exclude=ids, top_k=_TOP),
        items=tuple(model.items[column] for column in items.tolist()),
        scores=tuple(round(float(score), 6) for score in scores),
    )
