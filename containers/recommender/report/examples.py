"""Users and what they are recommended, items and what is near them: by title, for eyes."""

from collections.abc import Iterable
from html import escape

import numpy as np

from recommender.candidate import Columns
from recommender.judging import Evaluation
from tagline.ranking.lists import order
from trainer.report.words import scrolling, table

_USERS, _LATEST, _SHOWN = 6, 6, 10
_USUAL, _ITEMS, _NEAR = 100, 15, 5
_LONGEST = 60  # characters of a title


def users_section(evaluation: Evaluation) -> str:
    """Return users from the one served best to the one served worst."""
    test, found = evaluation.test, evaluation.lists
    quality = found.ndcg()
    order = np.argsort(-quality, kind="stable")
    wanted = order[np.linspace(0, len(order) - 1, min(_USERS, len(order))).round().astype(int)]
    rows = []
    for user in wanted.tolist():
        shown = found.items[user, :_SHOWN].tolist()
        recommended = [
            f'<span class="tag hit">✓ {_title(evaluation, item)}</span>'
            if hit
            else _title(evaluation, item)
            for item, hit in zip(shown, found.hits[user].tolist(), strict=False)
            if item >= 0
        ]
        history = test.histories[user]
        rows.append(
            (
                escape(test.users[user][:_LONGEST]),
                f"{quality[user]:.2f}",
                f"{_titles(evaluation, history[-_LATEST:][::-1])}{_more(len(history), _LATEST)}",
                "<br>".join(recommended),
                f"{len(test.relevant[user])}",
            )
        )
    heads = ("user", "NDCG@10", "rated last", "recommended, best first", "rated in the test")
    return (
        '<h2>Users</h2><p class="note">From the one served best to the one served worst, evenly '
        'spread. <span class="tag hit">✓</span> is what the user then rated.</p>'
        f"{scrolling('users', table(heads, rows, 'words'))}"
    )


def neighbours_section(evaluation: Evaluation) -> str:
    """Return the items that a history of one item speaks for more than other histories do."""
    test, over = evaluation.test, evaluation.challenger
    model = over.candidate
    popular = np.argsort(-test.raters, kind="stable")[:_USUAL]
    known = over.known(popular)
    if not len(known):
        return ""
    scores = np.stack([model.runner.scores(known[n : n + 1]) for n in range(len(known))])
    more = scores - scores.mean(axis=0)
    rows = []
    for row, item in enumerate(known[:_ITEMS].tolist()):
        near = order(more[row], np.array([item]))[:_NEAR]
        place = int(over.places[item])
        rows.append(
            (
                _title(evaluation, place),
                f"{test.raters[place]:,}",
                _titles(evaluation, over.places[near]),
            )
        )
    return (
        '<h2>Items and their neighbours</h2><p class="note">What is recommended to who has '
        f"rated nothing but the item, more than to who has rated another of the {len(known)} that "
        "most have rated; of the first of those.</p>"
        f"{scrolling('items', table(('item', 'rated by', 'neighbours'), rows, 'words'))}"
    )


def _titles(evaluation: Evaluation, items: Columns | Iterable[int]) -> str:
    return "<br>".join(_title(evaluation, int(item)) for item in items)


def _title(evaluation: Evaluation, item: int) -> str:
    """Return an item's title, escaped, or its id where it has none."""
    text = evaluation.test.titles[item] or evaluation.test.items[item]
    return escape(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")


def _more(there_are: int, shown: int) -> str:
    return f"<br><small>and {there_are - shown:,} before</small>" if there_are > shown else ""
