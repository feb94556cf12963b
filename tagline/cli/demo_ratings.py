"""`tagline demo --ratings`: from drawing ratings to what a user is recommended."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import msgspec
import typer

from tagline.api.recommending_documents import Recommendation
from tagline.cli.api import ApiProblem, ask_for
from tagline.cli.cloud import RunningCloud
from tagline.cli.demo_cloud import demo_cloud, promoted, stay, tell_next, times_table
from tagline.cli.errors import Refused
from tagline.cli.interrupts import stop_signals
from tagline.cli.outcome import RunOutcome
from tagline.cli.output import emit, facts_table, number, print_json, rows_table, say
from tagline.cli.phases import Phases
from tagline.cli.ratings import place_ratings
from tagline.designs.tastes import Drawn, Tastes, draw_ratings
from tagline.formats.keys import DatasetKeys, RunKeys

DATASET = "films"
TIMES_BASELINE = 1.5  # the model must beat popularity by this factor
_SETTINGS = "training: {epochs: 30}\n"
_NEXT = {
    "tagline demo --ratings --keep": "the same, and the cloud stays: its page, API and commands",
    "tagline up": "a cloud for your own ratings; in a second terminal:",
    "tagline drop DATASET ratings.csv": "with --items items.csv --wait",
    "tagline recommend DATASET": "with --user USER, or --items A,B",
}


@dataclass(frozen=True)
class Answers:
    """What is recommended to a user who is known, by items that are named, and to anybody."""

    user: str
    likes: tuple[str, ...]
    known: Recommendation
    named: Recommendation
    anybody: Recommendation

    @property
    def liked(self) -> int:
        """How many of the user's recommendations are of a genre that was planted as liked."""
        return sum(any(genre in (each.title or "") for genre in self.likes)
                   for each in self.known.recommendations)  # fmt: skip


def demo_of_ratings(
    folder: Path, port: int, seed: int, phases: Phases, *, keep: bool, as_json: bool
) -> None:
    """Show everything: start, deploy, draw, drop, train, evaluate, recommend."""
    done = False
    try:
        with stop_signals(), demo_cloud(folder, port, phases) as cloud:
            ended, answers, report = _run(cloud, folder, seed, phases)
            if as_json:
                print_json(_summary(ended, answers, report, phases))
            else:
                _report(ended, answers, report, phases)
            _judge(ended)
            done = True
            if keep:
                stay(cloud, quiet=as_json)
        if not keep:
            tell_next(_NEXT)
    except KeyboardInterrupt as exc:
        say("Stopped.")
        if not done:
            raise typer.Exit(130) from exc


def _run(
    cloud: RunningCloud, folder: Path, seed: int, phases: Phases
) -> tuple[RunOutcome, Answers, Path]:
    drawn_in, report = folder / "ratings", folder / "report.html"
    if drawn_in.exists():
        shutil.rmtree(drawn_in)
    drawn_in.mkdir(parents=True)
    ratings, items = drawn_in / "ratings.csv", drawn_in / "items.csv"
    with phases.phase("Draw the ratings"):
        drawn = draw_ratings(Tastes(seed=seed), ratings, items)
    with phases.phase("Upload items and ratings"):
        cloud.target.bucket.put(DatasetKeys(DATASET).settings, _SETTINGS.encode(), "text/plain")
        run, _, _ = place_ratings(cloud.target, DATASET, ratings, items)
    ended = promoted(cloud, run, phases)
    with phases.phase("Fetch the report, ask the API"):
        with report.open("wb") as file:
            cloud.target.bucket.download(RunKeys(run).report, file)
        answers = _ask(cloud, drawn)
    return ended, answers, report


def _ask(cloud: RunningCloud, drawn: Drawn) -> Answers:
    api = f"{cloud.target.outputs.api_url.rstrip('/')}/datasets/{DATASET}/recommendations"
    user, likes = next(iter(drawn.likes.items()))

    def asked(**query: str) -> Recommendation:
        return ask_for(f"{api}?{urlencode({**query, 'top_k': '5'})}", Recommendation)

    try:
        known, anybody = asked(user=user), asked(user="somebody new")
        liked = ",".join(each.item for each in known.recommendations[:2])
        return Answers(user, likes, known, asked(items=liked), anybody)
    except ApiProblem as exc:
        raise Refused(f"the API does not recommend: {exc}") from exc


def _report(ended: RunOutcome, answers: Answers, report: Path, phases: Phases) -> None:
    emit(times_table(phases))
    for found, whom in (
        (answers.known, f"{answers.user}, who was drawn to like {' and '.join(answers.likes)}"),
        (answers.named, "Somebody who names two items of these"),
        (answers.anybody, "Somebody new"),
    ):
        rows = [(each.title or each.item, number(each.score)) for each in found.recommendations]
        emit(rows_table(("Title", ">Score"), rows, title=f"{whom} (by {found.basis})"))
    emit(
        facts_table(
            {
                f"{str(ended.judged_on).capitalize()} NDCG@10": number(ended.value),
                "Popularity's NDCG@10": number(ended.baseline),
                "Times popularity": f"{_times_baseline(ended):.1f}",
                "Of the planted genres": f"{answers.liked} of {len(answers.known.recommendations)}",
                "Report": report,
            }
        )
    )


def _summary(
    ended: RunOutcome, answers: Answers, report: Path, phases: Phases
) -> dict[str, object]:
    facts: dict[str, object] = msgspec.to_builtins(ended)
    return facts | {
        "user": answers.user,
        "likes": list(answers.likes),
        "liked": answers.liked,
        "recommendations": msgspec.to_builtins(answers.known),
        "by_items": msgspec.to_builtins(answers.named),
        "by_popularity": msgspec.to_builtins(answers.anybody),
        "report": str(report),
        "report_uri": ended.report,
        "seconds": phases.times,
    }


def _times_baseline(ended: RunOutcome) -> float:
    if ended.value is None or not ended.baseline:
        raise Refused("the run's metrics.json has no NDCG@10 to hold against popularity's")
    return ended.value / ended.baseline


def _judge(ended: RunOutcome) -> None:
    if _times_baseline(ended) < TIMES_BASELINE:
        raise Refused(
            f"NDCG@10 {ended.value:.4f} is below {TIMES_BASELINE:g} times that of popularity, "
            f"{ended.baseline:.4f}"
        )
