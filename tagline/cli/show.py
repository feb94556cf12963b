"""`tagline show`: one run in full."""

from typing import Any

import msgspec

from tagline.cli.batches import batches_table, read_batch
from tagline.cli.browsing import open_report
from tagline.cli.datasets import datasets_said
from tagline.cli.errors import Refused
from tagline.cli.naming import newest_of
from tagline.cli.outcome import outcome_table, say_next
from tagline.cli.output import emit, number, print_json, say
from tagline.cli.prices import price_said, show_cost
from tagline.cli.run_report import Pictures, RunReport, read_report
from tagline.cli.runs_table import took
from tagline.cli.show_rows import (
    print_lines,
    show_labels,
    show_rejects,
    show_suspects,
    show_trials,
)
from tagline.cli.target import Target, find_target
from tagline.formats.keys import RunKeys
from tagline.formats.kinds import Kind
from tagline.formats.models import CardModel, Unsure
from tagline.formats.names import RUN, check_dataset
from tagline.formats.plan import Plan
from tagline.formats.recommending import RatingsMetrics
from tagline.formats.tasks import TASK_SAID, Task
from tagline.planning.by_hand import by_hand_said
from tagline.planning.changes import changes_said
from tagline.planning.corrections import corrections_said
from tagline.serving.shadowing import told


def show(
    run: str, *, rejects: bool, suspects: bool, open_: bool, stack: str, as_json: bool
) -> None:
    """Show a run, a dataset's newest one, or a batch: what came of it and why."""
    dataset = None if RUN.fullmatch(run) else check_dataset(run)
    target = find_target(stack)
    if dataset:
        run = _newest(target, dataset)
    elif batch := read_batch(target.bucket, run):
        if as_json:
            print_json(msgspec.to_builtins(batch))
        else:
            emit(batches_table([batch]))
        return
    keys = RunKeys(run)
    if rejects:
        print_lines(target, keys.rejects)
    if suspects:
        print_lines(target, keys.suspects)
    if rejects or suspects:
        return
    if open_:
        open_report(target, _judged_as(target, run) or run)
        return
    report = read_report(target, keys)
    if as_json:
        print_json(_plain(report))
        return
    _show_outcome(report)
    say_next(report)
    show_cost(report.cost)
    rejected = report.counts.rejected if report.counts else 0
    show_rejects(run, report.rejects, rejected or len(report.rejects))
    if report.trials:
        show_trials(report.trials)
    show_labels(report.labels or ())
    show_suspects(run, report.suspects)


def _judged_as(target: Target, run: str) -> str | None:
    """Return the run that an unchanged one equals: that one's report is its own, too."""
    plan = target.bucket.get(RunKeys(run).plan, Plan)
    return plan.same_as if plan else None


def _newest(target: Target, dataset: str) -> str:
    run = newest_of(target, dataset)
    if run is None:
        raise Refused(
            f"{dataset} is no run, and a dataset of that name has no run: {datasets_said(target)}"
        )
    return run


def _plain(report: RunReport) -> object:
    """Return the report for --json; files' formats are the files' own affair."""
    plain: Any = msgspec.to_builtins(report)
    for document in (plain["decision"], plain["training"], plain["trials"]):
        if document is not None:
            del document["format"]
    return plain


def _show_outcome(report: RunReport) -> None:
    counts, model = report.counts, report.model
    ratings = report.kind is Kind.RATINGS
    what = "ratings" if ratings else "images"
    compared = report.ranking.champion if report.ranking else report.champion
    for warning in report.warnings:
        say(warning, style="bold yellow")
    emit(
        outcome_table(
            report,
            {
                "Equals": report.same_as and f"{report.same_as}: `tagline show` of it tells more",
                "Tried with": ", ".join(report.tried) or None,
                "Took": took(report),
                "Cost": price_said(report.cost),
                "Rows": counts and counts.rows,
                "Accepted": counts and counts.accepted,
                "Rejected": counts and counts.rejected,
                "Changed": report.changes and changes_said(report.changes),
                "Corrections": report.corrections and corrections_said(report.corrections),
                "Reused from an earlier run": None if ratings else counts and counts.reused,
                "Fetched and packed": counts and counts.fetched,
                f"Training {what}": counts and counts.train,
                f"Validation {what}": counts and counts.validation,
                f"Test {what}": counts and counts.test,
                **(_ranking(report.ranking) if report.ranking else {}),
                "Set by hand": report.labels and by_hand_said(report.labels),
                **(_one_label(report) if report.task is Task.SINGLE else {}),
                "F1": report.micro_f1 and _f1_said(report),
                "Background": report.pictures and _background(report.pictures),
                "Before it served": report.shadow and told(report.shadow),
                "Compared with": compared and compared.run,
                "Decision": report.decision and report.decision.reason,
                "Model": model and _model_said(model),
                "Started from": model and model.start and model.start.said,
                "Artifact": report.artifact,
                "Serves now": _serving_said(report),
                "Files": report.location,
            },
        )
    )


def _one_label(report: RunReport) -> dict[str, object]:
    """Return what else is known where an image has exactly one label, as facts."""
    unsure = report.unsure
    five = "" if report.top5 is None else f"; among the best five {number(report.top5)}"
    return {
        "Task": TASK_SAID[report.task],
        "Right": None if report.top1 is None else f"{number(report.top1)} of the images{five}",
        "Sure": unsure and _sure(unsure),
    }


def _sure(unsure: Unsure) -> str:
    if unsure.accuracy is None:
        return f"of no image: from {number(unsure.threshold)} on"
    return (
        f"of {number(unsure.answered)} of the images, {number(unsure.accuracy)} of them right: "
        f"from {number(unsure.threshold)} on"
    )


def _ranking(found: RatingsMetrics) -> dict[str, object]:
    """Return what else is known of a recommender, as facts."""
    return {
        "Recall@10": number(found.recall_at_10),
        "MAP": number(found.map),
        "Coverage": number(found.coverage),
        "Algorithm": found.algorithm,
        "Users without a history": found.without_history or None,
    }


def _serving_said(report: RunReport) -> str | None:
    if report.health is None:
        return None
    if report.health.problem is None:
        return "yes"
    told = "unknown" if report.health.serves is None else "no"
    return f"{told}: {report.health.problem}"


def _model_said(model: CardModel) -> str:
    epoch = "" if model.best_epoch is None else f", epoch {model.best_epoch}"  # of a script's own
    return f"{model.network}{epoch}"


def _f1_said(report: RunReport) -> str:
    return f"{number(report.micro_f1)} of all tags, {number(report.macro_f1)} mean of the labels"


def _background(pictures: Pictures) -> str:
    return f"{pictures.image.background}{' (auto)' if pictures.background else ''}"
