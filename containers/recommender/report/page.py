"""report.html: one page, no request to anywhere, that a person can judge a recommender by."""

from html import escape
from pathlib import Path

import trainer.report
from recommender.card import limits
from recommender.judging import Evaluation
from recommender.report.examples import neighbours_section, users_section
from recommender.report.figures import curves, figures_table, groups_table, models
from tagline.formats.report import BEFORE_IT_SERVED
from tagline.formats.trials import Trials
from trainer.report.charts import bars
from trainer.report.trials import trials_section

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_OWN_STYLE = """
.champion { stroke: var(--good); } .popular { stroke: var(--quiet); stroke-dasharray: 4 4; }
.line-name { color: var(--accent); } .champion-name { color: var(--good); }
.words td { white-space: normal; min-width: 120px; vertical-align: top; }
"""


def report_page(evaluation: Evaluation, trials: Trials | None = None) -> str:
    """Return the whole page as HTML; every name that comes from outside is escaped.

    `trials` are those of the search that the challenger was the best of.
    """
    run = escape(evaluation.challenger.candidate.run)
    body = "".join(
        (
            _first_screen(evaluation, run),
            figures_table(evaluation),
            groups_table(evaluation),
            curves(evaluation),
            BEFORE_IT_SERVED,
            users_section(evaluation),
            neighbours_section(evaluation),
            "<h2>Before relying on this</h2><ul>",
            *(f"<li>{escape(text)}</li>" for text in limits(evaluation)),
            "</ul>",
            trials_section(trials),
            _details(evaluation),
        )
    )
    style = Path(trainer.report.__path__[0], "report.css").read_text(encoding="utf-8")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Evaluation of {run}</title><style>{style}{_OWN_STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>\n"
    )


def _first_screen(evaluation: Evaluation, run: str) -> str:
    test, made = evaluation.test, evaluation.challenger.candidate.description
    kinds = {"this model": "this"}
    rows = [
        (name, float(found.ndcg().mean()), kinds.get(name, "other"))
        for name, found in models(evaluation)
    ]
    facts = {
        "users judged": f"{len(test.users):,}",
        "ratings of the test": f"{test.ratings:,}",
        "items ranked": f"{len(test.items):,}",
        "algorithm": escape(made.algorithm),
        "evaluated": escape(evaluation.created.replace("T", " ").replace("+00:00", " UTC")),
    }
    cells = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts.items())
    left_out = (
        f" {test.without_history:,} users of the test had rated nothing before and are left out."
        if test.without_history
        else ""
    )
    return (
        f'<h1>Evaluation of {run}</h1><p class="verdict">{_sentence(evaluation)}</p>'
        f'<div class="panel">{bars(rows)}<dl class="facts">{cells}</dl></div>'
        '<p class="note" style="margin-top:10px">NDCG@10 over users: 1 has nothing but what the '
        "user then rated in the first ten, and what comes first counts most. All for the same "
        f"users, over the same items.{left_out}</p>"
    )


def _sentence(evaluation: Evaluation) -> str:
    mine, popular = (float(f.ndcg().mean()) for f in (evaluation.lists, evaluation.popular))
    times = f"{mine / popular:.1f} times what popularity reaches" if popular else "popularity has 0"
    text = f"NDCG@10 {mine:.3f}: {times}"
    if evaluation.champion is None:
        return f"{text}. There is no champion yet."
    gain = evaluation.difference
    if gain is None:
        why = f": {evaluation.not_compared}" if evaluation.not_compared else ", on so few users"
        return escape(f"{text}. Not compared with the champion{why}.")
    if gain.value == 0:
        return f"{text}, and exactly as much as the champion."
    return (
        f"{text}, and {abs(gain.value):.3f} {'above' if gain.value > 0 else 'below'} the champion; "
        f"better with a probability of {gain.probability:.1%} ({gain.level:.0%} interval "
        f"{gain.low:+.3f} to {gain.high:+.3f})."
    )


def _details(evaluation: Evaluation) -> str:
    made = evaluation.challenger.candidate.description
    facts: dict[str, object] = {
        "users": made.users,
        "items": made.items,
        "ratings": made.ratings,
        **{
            f"{name}, NDCG@10 at validation": "" if value is None else f"{value:.4f}"
            for name, value in made.candidates.items()
        },
        **made.hyperparameters,
        "ended early": made.ended_early or "",
        **made.versions,
    }
    rows = "".join(
        f'<tr><th scope="row">{escape(str(name))}</th><td>{escape(str(value))}</td></tr>'
        for name, value in facts.items()
        if value != ""
    )
    return f'<h2>How it was made</h2><div class="panel"><table class="details">{rows}</table></div>'
