"""`tagline check`: what is wrong with a list, before any cloud sees it."""

import shlex
from pathlib import Path

import msgspec
import typer

from tagline.cli import ratings
from tagline.cli.errors import Refused
from tagline.cli.output import complain, emit, facts_table, print_json, rows_table, say
from tagline.cli.pictures import Looked, PicturesReport, look_at_pictures
from tagline.formats.names import DATASET
from tagline.formats.tasks import TASK_SAID, Task
from tagline.listing.checking import CheckReport, check_list
from tagline.listing.label_facts import LabelFacts
from tagline.listing.label_names import parse_label_names

_MOST_LABELS = 60  # shown; --json has them all


def check(
    list_path: Path,
    *,
    labels: Path | None,
    config: Path | None,
    images: Path | None,
    sheet: Path | None,
    items: Path | None,
    as_json: bool,
) -> None:
    """Check a list or ratings without a cloud; exit 1 when a run could not use them."""
    if ratings.is_ratings(list_path):
        ratings.check_file(list_path, config, items, as_json=as_json)
    else:
        _check_list(list_path, labels, config, images, sheet, as_json=as_json)


def _check_list(
    list_path: Path,
    labels: Path | None,
    config: Path | None,
    images: Path | None,
    sheet: Path | None,
    *,
    as_json: bool,
) -> None:
    _refuse_early(list_path, images, sheet)
    report = check_list(list_path, labels, config)
    pictures = None
    if images is not None and report.usable:
        pictures, looked = look_at_pictures(list_path, images, report.settings)
        if sheet is not None:
            say(_sheet(sheet, list_path, looked, labels))
        report = check_list(list_path, labels, config, unusable=looked.unusable())
    if not report.accepted and (hint := instead(list_path)):
        report.problems.append(hint)
    for problem in report.problems:
        complain(problem)
    warn(report)
    for sentence in (*pictures.first, *pictures.said) if pictures else ():
        say(sentence, style="yellow")
    if as_json:
        told = msgspec.to_builtins(report)
        del told["settings"]
        print_json(told | ({"pictures": msgspec.to_builtins(pictures)} if pictures else {}))
    else:
        _show(report)
        if pictures:
            _show_pictures(pictures)
    if not report.usable:
        say("A run could not use this list (exit code 1)", style="red")
        raise typer.Exit(1)
    if not as_json:
        say(f"A run can use {report.accepted:,} of {report.rows:,} rows")
        say(f"next: {_drop(report, labels, config, images)}")


def _drop(
    report: CheckReport, labels: Path | None, config: Path | None, images: Path | None
) -> str:
    """Return the command that drops what was checked."""
    from tagline.converting.outputs import name_of  # noqa: PLC0415 - not for --json

    name = name_of(Path(report.path))
    words = ["tagline", "drop", name if DATASET.fullmatch(name) else "DATASET", report.path]
    given = {"--labels": labels, "--config": config}
    if report.settings.source is None:  # else a run reads the images there
        given["--images"] = images
    for option, path in given.items():
        words += [option, str(path)] if path is not None else []
    return shlex.join([*words, "--wait"])


def _refuse_early(list_path: Path, images: Path | None, sheet: Path | None) -> None:
    if sheet is not None and images is None:
        raise Refused("--sheet shows pictures: --images says where they are")
    if list_path.is_dir():
        raise Refused(f"{list_path} is a folder, no list{instead(list_path, '; ')}")


def _sheet(sheet: Path, list_path: Path, looked: Looked, labels: Path | None) -> str:
    from tagline.cli.sheet import write_sheet  # noqa: PLC0415 - seldom asked for

    names = parse_label_names(labels.read_bytes(), str(labels)) if labels else None
    return write_sheet(sheet, list_path, looked, names)


def instead(path: Path, before: str = "") -> str:
    """Return the command by which a list is made of another form, after `before`; else nothing."""
    from tagline.converting.outputs import name_of  # noqa: PLC0415 - for what is no list
    from tagline.converting.recognise import convertible  # noqa: PLC0415

    found = convertible(path)
    if found is None:
        return ""
    command = shlex.join(["tagline", "convert", str(path)])
    return f"{before}it is {found}: `{command}` makes {name_of(path)}.lst and labels.txt of it"


def warn(report: CheckReport) -> None:
    """Say what a run would leave out though it might be meant."""
    for warning in report.warnings:
        say(warning, style="bold yellow")


def _show(report: CheckReport) -> None:
    if not report.rows:  # what was said is all
        return
    emit(
        facts_table(
            {
                "List": report.path,
                "Rows": f"{report.rows:,}",
                "Accepted": f"{report.accepted:,}",
                "Rejected": f"{report.rejected:,}",
                "Task": TASK_SAID[report.task] if report.accepted else None,
                "Labels": _count_said(report.labels) if report.labels else None,
                "Rows with no label": report.labels.rows_without_label if report.labels else None,
            }
        )
    )
    if report.reasons:
        show_reasons(report)
    if report.labels and report.accepted:
        _show_labels(report)


def _count_said(labels: LabelFacts) -> str:
    return f"{labels.count}{' (a column of classes)' if labels.classes else ''}"


def _show_pictures(pictures: PicturesReport) -> None:
    facts: dict[str, object] = {
        "Images decoded": f"{pictures.images:,}",
        "Without a file": pictures.missing or None,
        "Not to be used": sum(pictures.rejected.values()) or None,
        "One colour all over": pictures.lost.one_colour,
        "Transparent all over": pictures.lost.transparent,
        "Near-copies": f"{pictures.near_copies.images} in {pictures.near_copies.groups} groups",
    }
    if pictures.background:
        facts["Background"] = f"{pictures.background.colour} (auto)"
    emit(facts_table(facts))


def show_reasons(report: CheckReport) -> None:
    """Print the rejected rows by reason, with the first lines of each."""
    rows = []
    for reason, count in report.reasons.items():
        first = report.first.get(reason, [])
        lines = ", ".join(str(reject.line) for reject in first)
        more = " …" if count > len(first) else ""
        detail = first[0].detail if first else None
        rows.append((reason, f"{count:,}", f"{lines}{more}", detail))
    emit(rows_table(("Reason", ">Rows", "Lines", "First detail"), rows, title="Rejected rows"))


def _show_labels(report: CheckReport) -> None:
    if report.labels is None:
        return
    positives = sorted(report.labels.positives.items(), key=lambda item: -item[1])
    emit(
        rows_table(
            ("Label", ">Images", ">Share"),
            (
                (name, f"{count:,}", f"{count / report.accepted:.1%}")
                for name, count in positives[:_MOST_LABELS]
            ),
            title="Labels",
        )
    )
    if len(positives) > _MOST_LABELS:
        say(f"{len(positives) - _MOST_LABELS} rarer labels: --json prints all")
    once = [] if report.task is Task.SINGLE else report.labels.once  # a warning tells more
    for problem, names in (
        ("On no image, so nothing can be learned", report.labels.never),
        ("On one image, so either not trained or not validated", once),
        ("On every image, so nothing can be learned", report.labels.always),
    ):
        if names:
            more = f" and {len(names) - 10} more" if len(names) > 10 else ""  # noqa: PLR2004
            say(f"{problem}: {', '.join(names[:10])}{more}", style="yellow")
