"""Rows and labels of a run as tables, and its files of rows as they are."""

from collections.abc import Sequence

import typer

from tagline.aws.faults import Absent
from tagline.aws.partitions import read_raw
from tagline.cli.errors import Refused
from tagline.cli.output import emit, number, rows_table, say, seconds
from tagline.cli.target import Target
from tagline.formats.models import LabelMetrics
from tagline.formats.printable import printable_json
from tagline.formats.rows import Reject
from tagline.formats.suspects import Suspect
from tagline.formats.trials import Trials

_LAST = (">Support", ">Threshold")
_EDGE = 5  # labels shown from either end, and suspects


def show_rejects(run: str, rows: Sequence[Reject], total: int) -> None:
    """Show the first rejected rows, of so many."""
    if not rows:
        return
    emit(
        rows_table(
            (">Line", "Reason", "Path", "Detail"),
            ((row.line, row.reason, row.path, row.detail) for row in rows),
            title=f"Rejected rows ({len(rows)} of {total})",
        )
    )
    if total > len(rows):
        say(f"`tagline show {run} --rejects` prints all of them")


def show_labels(found: Sequence[LabelMetrics]) -> None:
    """Show the labels that the model knows best and worst."""
    of_one = any(row.recall is not None for row in found)  # an image has exactly one label
    measured = [
        (value, row) for row in found if (value := row.recall if of_one else row.ap) is not None
    ]
    if not measured:
        return
    labels = [row for _, row in sorted(measured, key=lambda pair: pair[0], reverse=True)]
    few = labels if len(labels) <= 2 * _EDGE else [*labels[:_EDGE], *labels[-_EDGE:]]
    title = "Labels" if few is labels else f"Best and worst {_EDGE} of {len(labels)} labels"
    emit(
        rows_table(
            ("Label", *((">Recall", ">Precision") if of_one else (">AP", ">F1")), *_LAST),
            (
                (
                    row.label,
                    *map(number, (row.recall, row.precision) if of_one else (row.ap, row.f1)),
                    row.support,
                    _threshold(row),
                )
                for row in few
            ),
            title=title,
        )
    )


def _threshold(row: LabelMetrics) -> str | None:
    return number(row.threshold) if row.chosen is None else f"{number(row.threshold)} by hand"


def show_trials(found: Trials) -> None:
    """Show the trials of a search in the order of their start, the best marked."""
    names = list(dict.fromkeys(name for trial in found.trials for name in trial.hyperparameters))
    emit(
        rows_table(
            ("Trial", f">{found.metric}", *names, "Status", ">Took"),
            (
                (
                    f"{at} best" if trial.job == found.best else at,
                    number(trial.objective),
                    *(trial.hyperparameters.get(name) for name in names),
                    f"{trial.status}: {trial.failure}" if trial.failure else trial.status,
                    None if trial.seconds is None else seconds(trial.seconds),
                )
                for at, trial in enumerate(found.trials, 1)
            ),
            title=f"Trials of the search ({len(found.trials)})",
        )
    )


def show_suspects(run: str, rows: Sequence[Suspect]) -> None:
    """Show the rows whose labels the model doubts most."""
    if not rows:
        return
    emit(
        rows_table(
            (">Line", "Path", "Seems to lack", "Seems to have too many"),
            (
                (row.line, row.path, doubted(row, given=False), doubted(row, given=True))
                for row in rows[:_EDGE]
            ),
            title="Rows whose labels the model doubts most",
        )
    )
    say(f"`tagline show {run} --suspects` prints all of them")


def print_lines(target: Target, key: str) -> None:
    """Print a file of JSON Lines; raises Refused where there is none."""
    try:
        for line in read_raw(target.bucket, key):
            typer.echo(printable_json(line.decode(errors="replace")))
    except Absent as exc:
        run, _, name = key.rpartition("/")
        raise Refused(f"run {run.rpartition('/')[2]} has no {name} (yet)") from exc


def doubted(row: Suspect, *, given: bool) -> str:
    """Return the labels that a row seems to have too many of, where given, or to lack."""
    return ", ".join(doubt.label for doubt in row.labels if doubt.given is given)
