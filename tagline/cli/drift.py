"""`tagline drift`: whether what is tagged now is like what the champion was validated on."""

from datetime import UTC, datetime

import msgspec
import typer
from rich.text import Text

from tagline.cli.errors import Refused
from tagline.cli.ordering import refusing
from tagline.cli.output import emit, facts_table, number, print_json, rows_table, say
from tagline.cli.target import find_target
from tagline.drift.looking import look
from tagline.drift.words import shares
from tagline.formats.drift import DriftReport, InputDrift, LabelDrift
from tagline.formats.keys import DatasetKeys
from tagline.formats.kinds import Kind
from tagline.formats.names import check_dataset
from tagline.planning.inputs import read_settings
from tagline.serving.orders import champion_of
from tagline.settings import InvalidSettings

_SHOWN = 10  # labels
_DRIFTS = 3  # exit code; 1 says that nothing could be looked at


def drift(dataset: str, *, stack: str, as_json: bool) -> None:
    """Look now, as WatchDrift does once an hour, and tell nobody else; exits 3 where it drifts."""
    check_dataset(dataset)
    target = find_target(stack)
    with refusing():
        champion = champion_of(target.bucket, dataset)
    if champion.kind is Kind.RATINGS:
        raise Refused(f"dataset {dataset} is of ratings: drift is of tags")
    try:
        settings = read_settings(target.bucket, DatasetKeys(dataset)).drift
    except InvalidSettings as exc:
        raise Refused(str(exc)) from exc
    report = look(target.bucket, dataset, champion.run, settings, datetime.now(UTC))
    if as_json:
        print_json(msgspec.to_builtins(report))
    else:
        _show(report)
    if report.verdict == "drifted":
        raise typer.Exit(_DRIFTS)


def _show(report: DriftReport) -> None:
    emit(
        facts_table(
            {
                "dataset": report.dataset,
                "champion": report.run,
                "window": f"{report.window_hours} hours, {len(report.hours)} of them with images",
                "images": report.images,
                "verdict": Text(
                    report.verdict.replace("_", " "),
                    style="bold red" if report.verdict == "drifted" else "",
                ),
            }
        )
    )
    if report.labels and report.images:
        emit(
            rows_table(
                ("Label", ">PSI", ">Limit", ">Tagged then", ">Tagged now", "Drifted"),
                map(_label, report.labels[:_SHOWN]),
                title=f"Labels that moved most ({min(_SHOWN, len(report.labels))} of "
                f"{len(report.labels)})",
            )
        )
        emit(
            rows_table(
                ("Files", ">PSI", ">Limit", "Then", "Now", "Drifted"),
                map(_input, report.inputs),
                title="Files",
            )
        )
    say(report.said)


def _label(row: LabelDrift) -> tuple[object, ...]:
    words = {"scores": row.scores.drifted, "tags": row.rate.drifted}
    return (
        row.label,
        number(row.scores.psi),
        number(row.scores.limit),
        number(row.rate.reference),
        number(row.rate.now),
        ", ".join(word for word, said in words.items() if said),
    )


def _input(row: InputDrift) -> tuple[object, ...]:
    then, now = (
        ", ".join(f"{name} {share:.0%}" for name, share in sorted(shares(counts).items()))
        for counts in (row.reference, row.now)
    )
    psi, limit = number(row.shift.psi), number(row.shift.limit)
    return (row.what, psi, limit, then, now, "yes" if row.shift.drifted else "")
