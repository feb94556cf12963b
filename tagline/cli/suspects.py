"""Rows whose labels the model doubts, as a table, as JSON, or with their pictures on one page."""

import base64
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from html import escape
from itertools import islice
from pathlib import Path

import msgspec
from botocore.exceptions import ClientError

from tagline.aws.faults import Absent
from tagline.aws.s3 import Bucket
from tagline.cli.errors import Refused
from tagline.cli.output import emit, print_json, rows_table, say
from tagline.cli.show_rows import doubted
from tagline.cli.target import Target
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.locations import Location, parse_uri
from tagline.formats.outcomes import Champion, Latest
from tagline.formats.owners import owns_run
from tagline.formats.plan import Plan
from tagline.formats.suspects import Suspect
from tagline.formats.whole_file import replaced
from tagline.listing.sources import BadLocation, Source

_SHOWN = 50
_PICTURES = 200  # on a page
_LARGEST = 400_000  # bytes of a picture on it
_PARALLEL = 16
_TYPES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
style-src 'unsafe-inline'"><title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 15px/1.4 system-ui, sans-serif; margin: 1.5rem }}
ul {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: 1rem;
  list-style: none; padding: 0 }}
li {{ border: 1px solid #8886; border-radius: 8px; padding: .75rem; overflow-wrap: anywhere }}
img {{ width: 100%; aspect-ratio: 1; object-fit: contain; background: #8881 }}
p {{ margin: .4rem 0 0 }} .lack::before {{ content: "seems to lack " }}
.much::before {{ content: "seems not to be " }}
</style>
<main><h1>{title}</h1><p>The most doubtful first: the model was not trained on these images.</p>
<ul>
"""


def show_suspects(
    target: Target, dataset: str, run: str | None, html: Path | None, *, as_json: bool
) -> None:
    """Show the rows that a run's model doubts; without a run of the one judged last."""
    run = run or _judged_last(target.bucket, dataset)
    if not owns_run(dataset, run):
        raise Refused(f"{run!r:.80} is no run of dataset {dataset}")
    try:
        rows = target.bucket.lines(RunKeys(run).suspects, Suspect)
        if html:
            _write_page(target, run, list(islice(rows, _PICTURES)), html)
        elif as_json:
            print_json([msgspec.to_builtins(row) for row in rows])
        else:
            _table(run, rows)
    except Absent as exc:
        raise Refused(f"run {run} has no suspects.jsonl (yet)") from exc


def _judged_last(bucket: Bucket, dataset: str) -> str:
    keys = DatasetKeys(dataset)
    found = bucket.get(keys.latest, Latest) or bucket.get(keys.champion, Champion)
    if found is None:
        raise Refused(f"dataset {dataset} has no run that was judged")
    return found.run


def _table(run: str, rows: Iterator[Suspect]) -> None:
    shown = list(islice(rows, _SHOWN))
    more = sum(1 for _ in rows)
    if not shown:
        say(f"The model of run {run} doubts no row")
        return
    emit(
        rows_table(
            (">Line", ">Id", "Path", "Seems to lack", "Seems to have too many", ">Doubt"),
            (
                (
                    row.line, row.id, row.path, doubted(row, given=False),
                    doubted(row, given=True), f"{row.doubt:.2f}",
                )
                for row in shown
            ),
            title=f"Rows that run {run} doubts: {len(shown)} of {len(shown) + more}",
        )
    )  # fmt: skip
    say("--json prints all of them; --html FILE shows their pictures")


def _write_page(target: Target, run: str, rows: Sequence[Suspect], path: Path) -> None:
    plan = target.bucket.read(RunKeys(run).plan, Plan)
    home = parse_uri(plan.settings.source) if plan.settings.source else None
    source = Source(home or Location(target.bucket.name, f"{plan.dataset}/"), None)
    title = escape(f"Rows that run {run} doubts")
    with replaced(path) as out, ThreadPoolExecutor(_PARALLEL) as pool:
        out.write(_PAGE.format(title=title).encode())
        pictures = pool.map(lambda row: _picture(target, source, row), rows)
        for row, picture in zip(rows, pictures, strict=True):
            out.write(_card(row, picture).encode())
        out.write(b"</ul></main></html>\n")
    say(f"{len(rows)} rows on {path}")


def _picture(target: Target, source: Source, row: Suspect) -> str | None:
    """Return an image as a data: URL; None where it is gone, too large, or no image."""
    try:
        place = source.resolve(row.path)
        data = Bucket(target.s3, place.bucket).range(place.key, 0, _LARGEST + 1)
    except (BadLocation, Absent, ClientError):
        return None
    kind = next((kind for start, kind in _TYPES.items() if data.startswith(start)), None)
    if kind is None or len(data) > _LARGEST:
        return None
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _card(row: Suspect, picture: str | None) -> str:
    path = escape(row.path)
    shown = f'<img src="{picture}" alt="{path}" loading="lazy">' if picture else "<p>(no picture)"
    said = "".join(
        f'<p class="{"much" if doubt.given else "lack"}"><b>{escape(doubt.label)}</b> '
        f"({doubt.score:.2f})"
        for doubt in row.labels
    )
    return f"<li>{shown}{said}<p>line {row.line}, id {row.id}: {path}\n"
