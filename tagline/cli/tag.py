"""`tagline tag`: ask the HTTP API what images show."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from threading import Event

import typer
from rich.progress import track

from tagline.cli.api import DatasetProblem, ask_tags
from tagline.cli.datasets import datasets_said
from tagline.cli.errors import Refused
from tagline.cli.finding import Finds, find_images
from tagline.cli.interrupts import stop_signals
from tagline.cli.output import ERR, OUT, complain, emit, print_json, say
from tagline.cli.patience import Patience
from tagline.cli.proof import proof_for
from tagline.cli.tag_lines import COLUMNS, csv_fields, csv_line, json_line, table
from tagline.cli.tagging import Verdict, judge, judge_all
from tagline.cli.target import Target, find_target
from tagline.formats.names import check_dataset
from tagline.formats.whole_file import replaced

_Tell = Callable[[Verdict], None]


def tag(
    dataset: str,
    images: Sequence[str],
    *,
    threshold: float | None,
    top_k: int | None,
    jobs: int,
    csv: bool,
    jsonl: bool,
    sidecar: bool,
    output: Path | None,
    token_file: Path | None,
    stack: str,
    as_json: bool,
) -> None:
    """Print the tags of images, highest score first; exit code 1 if any image has none.

    An image that cannot be tagged is a line with its error; the file `output` is there when all
    images have had their turn.
    """
    check_dataset(dataset)
    _check_form(csv, jsonl, sidecar, as_json, output)
    finds = find_images(images)
    if not finds.images:
        raise Refused(f"no PNG, JPEG or WebP images in {', '.join(images)}")
    if sidecar and any("://" in found.image for found in finds.images):
        raise Refused("--sidecar writes beside files, and an s3:// URI is none")
    target = find_target(stack)
    many = csv or jsonl or sidecar or bool(finds.folders)
    called_off = Event()
    patience = Patience(wait=called_off.wait) if many else None
    ask = partial(
        ask_tags,
        target.outputs.api_url,
        dataset,
        threshold=threshold,
        top_k=top_k,
        patience=patience,
        proof=proof_for(target, token_file),
    )
    judged = partial(judge, ask=ask, sidecar=sidecar)
    telling = _lines(csv, output) if csv or jsonl else _tables(as_json, sidecar)
    failed = 0
    with (
        _of_dataset(target),
        stop_signals(),
        telling as tell,
        closing(judge_all(finds.images, judged, jobs, called_off)) as verdicts,
    ):
        for verdict in _with_bar(verdicts, finds, shown=many and (sidecar or bool(output))):
            failed += verdict.answer is None
            tell(verdict)
    if many:
        _sum_up(finds, failed)
    if failed:
        raise typer.Exit(1)


@contextmanager
def _of_dataset(target: Target) -> Iterator[None]:
    """Refuse at the first image what would be said of each."""
    try:
        yield
    except DatasetProblem as exc:
        unknown = exc.code == "unknown_dataset"
        raise Refused(
            f"{str(exc).rstrip('.')}: {datasets_said(target)}" if unknown else str(exc)
        ) from exc


def _check_form(csv: bool, jsonl: bool, sidecar: bool, as_json: bool, output: Path | None) -> None:
    if sum((csv, jsonl, sidecar, as_json)) > 1:
        raise typer.BadParameter("--csv, --jsonl, --sidecar and --json: one of them at a time")
    if output is not None and not (csv or jsonl):
        raise typer.BadParameter("--output is for --csv or --jsonl")


@contextmanager
def _lines(csv: bool, output: Path | None) -> Iterator[_Tell]:
    """Give each image its line, in a file or on stdout."""

    def to_line(verdict: Verdict) -> str:
        return csv_line(csv_fields(verdict)) if csv else json_line(verdict)

    head = csv_line(COLUMNS) if csv else ""
    if output is None:
        typer.echo(head, nl=False)
        yield lambda verdict: typer.echo(to_line(verdict), nl=False)
        return
    with replaced(output) as file:

        def write(verdict: Verdict) -> None:
            file.write(to_line(verdict).encode())

        file.write(head.encode())
        yield write


@contextmanager
def _tables(as_json: bool, sidecar: bool) -> Iterator[_Tell]:
    """Give each image its table on stdout, or all of them one JSON; errors go to stderr."""
    told: list[dict[str, object]] = []

    def tell(verdict: Verdict) -> None:
        if verdict.answer is None:
            complain(f"{verdict.image}: {verdict.error}")
        if as_json:
            told.append(verdict.record)
        elif verdict.answer is not None and not sidecar:
            emit(table(verdict.image, verdict.answer))

    yield tell
    if as_json:
        print_json(told)


def _with_bar(verdicts: Iterable[Verdict], finds: Finds, *, shown: bool) -> Iterable[Verdict]:
    """Show a progress bar where a terminal is free for it."""
    free = ERR.is_terminal and (shown or not OUT.is_terminal)
    total = len(finds.images)
    return track(verdicts, "Tagging", total, console=ERR, transient=True, disable=not free)


def _sum_up(finds: Finds, failed: int) -> None:
    said = f"{len(finds.images) - failed:,} of {len(finds.images):,} images tagged"
    if failed:
        said += f", {failed:,} not: their lines say why"
    if finds.others:
        said += f"; {finds.others:,} other files in the folders left out"
    say(said)
