"""`tagline feedback --add/--remove/--from`: corrections of files' tags, sent to the HTTP API.

An image is named by its SHA-256 where the dataset knows it, and goes along where it does not.
"""

import base64
import csv
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import msgspec
import typer
from rich.progress import track

from tagline.api.feedback_documents import FeedbackTaken
from tagline.cli.api import ApiProblem, ApiRefused, read_image, send
from tagline.cli.errors import Refused
from tagline.cli.output import ERR, emit, print_json, rows_table, say
from tagline.cli.patience import Patience
from tagline.cli.proof import Proof, proof_for
from tagline.cli.target import Target

COLUMNS = ("file", "added", "removed")
_BETWEEN = "|"  # labels of a field, as `tagline tag --csv` writes them
_UNKNOWN = "unknown_image"  # of the API's problems


@dataclass(frozen=True)
class Correcting:
    """What a person says of one file's tags."""

    file: Path
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """What became of it: `kept`, `repeated` where the API knew it already, or `refused`."""

    file: str
    verdict: str
    id: int | None = None
    """Of the image's row in the newest list."""
    error: str | None = None


def asked_corrections(
    files: Sequence[str], add: Sequence[str], remove: Sequence[str], table: Path | None
) -> list[Correcting]:
    """Return the corrections that a command names; raises Refused for what says nothing."""
    if table is not None:
        if files or add or remove:
            raise Refused("--from names files and labels itself: leave --add, --remove and FILE")
        return list(_rows(table))
    if not files:
        raise Refused("--add and --remove want the FILEs of the images that they are about")
    return [Correcting(Path(name), tuple(add), tuple(remove)) for name in files]


def _rows(table: Path) -> Iterator[Correcting]:
    """Read `file,added,removed`; relative files lie beside the table, or in the present folder."""
    try:
        with table.open(newline="", encoding="utf-8-sig") as lines:
            rows = csv.DictReader(lines)
            names = rows.fieldnames or ()
            if "file" not in names or not set(names) <= set(COLUMNS):
                raise Refused(
                    f"{table}: the columns are {', '.join(COLUMNS)}, named in the first line, and "
                    f"these are {', '.join(names) or 'none'}"
                )
            for row in rows:
                if None in row or not row["file"]:
                    raise Refused(f"{table}, line {rows.line_num}: it is no {','.join(COLUMNS)}")
                yield Correcting(
                    _found(table, row["file"]),
                    _labels(row.get("added")),
                    _labels(row.get("removed")),
                )
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise Refused(f"{table} cannot be read as CSV: {exc}") from exc


def _found(table: Path, name: str) -> Path:
    beside = table.parent / name
    return beside if beside.is_file() else Path(name)


def _labels(field: str | None) -> tuple[str, ...]:
    return tuple(label for each in (field or "").split(_BETWEEN) if (label := each.strip()))


def correct(
    target: Target,
    dataset: str,
    asked: Sequence[Correcting],
    *,
    token_file: Path | None,
    as_json: bool,
) -> None:
    """Send corrections and print a verdict on each; exit code 1 if any was refused."""
    url = f"{target.outputs.api_url.rstrip('/')}/datasets/{quote(dataset)}/feedback"
    sender = _Sender(url, proof_for(target, token_file), Patience())
    bar = track(asked, "Correcting", console=ERR, transient=True, disable=not ERR.is_terminal)
    verdicts = list(_judged(bar, sender.send))
    refused = sum(verdict.error is not None for verdict in verdicts)
    if as_json:
        print_json([msgspec.to_builtins(verdict) for verdict in verdicts])
    else:
        rows = ((each.file, each.verdict, each.id, each.error) for each in verdicts)
        emit(rows_table(("File", "Verdict", ">Row's id", "Why"), rows, title="Corrections"))
    said = f"{len(verdicts) - refused:,} of {len(verdicts):,} corrections kept"
    say(f"{said}; next: tagline feedback {dataset} --to-list --drop --wait")
    if refused:
        raise typer.Exit(1)


def _judged(
    asked: Iterable[Correcting], sent: Callable[[Correcting], FeedbackTaken]
) -> Iterator[Verdict]:
    for each in asked:
        try:
            taken = sent(each)
        except ApiProblem as exc:
            yield Verdict(str(each.file), "refused", error=str(exc))
        else:
            verdict = "repeated" if taken.repeated else "kept"
            yield Verdict(str(each.file), verdict, taken.image.id)


@dataclass(frozen=True)
class _Sender:
    url: str
    proof: Proof
    patience: Patience

    def send(self, asked: Correcting) -> FeedbackTaken:
        """Send one correction; raises ApiProblem."""
        said = {"added": asked.added, "removed": asked.removed}
        _, data = read_image(asked.file)
        try:
            return self._post({"hash": hashlib.sha256(data).hexdigest(), **said})
        except ApiRefused as exc:
            if exc.code != _UNKNOWN:
                raise
        return self._post({"image": base64.b64encode(data).decode(), **said})

    def _post(self, body: object) -> FeedbackTaken:
        return send(self.url, body, FeedbackTaken, self.patience, self.proof)
