"""Ratings, as `tagline check` and `tagline drop` meet them: a .csv that is no table of images."""

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import typer

from tagline.cli.errors import Refused
from tagline.cli.output import complain, emit, facts_table, print_json, rows_table, say
from tagline.formats.kinds import Kind
from tagline.formats.list_lines import read_start
from tagline.formats.names import RATINGS_NAME, list_name, run_name
from tagline.formats.ratings_keys import MAX_ITEMS_BYTES, RatingsKeys
from tagline.formats.reasons import UnusableList
from tagline.formats.settings import Settings
from tagline.ratings.checking import RatingsReport, check_ratings
from tagline.ratings.sides import BY_HASH
from tagline.ratings.titles import read_titles
from tagline.settings import load_settings
from tagline.settings.kinds import check_kind

if TYPE_CHECKING:
    from tagline.cli.target import Target  # which loads boto3

_IMAGE = re.compile(rb"\.(?:png|jpe?g|webp|gif|bmp|tiff?)\b", re.IGNORECASE)
_TABLE = re.compile(
    rb"(?:^|[,;\t\"])(?:file|path|image|tags?|labels?)\w*(?:[,;\t\"\r\n]|$)", re.IGNORECASE
)
_LOOKED_AT = 4096  # bytes


def is_ratings(path: Path) -> bool:
    """Return whether a file is dropped as ratings: a .csv in which no image is named."""
    if not RATINGS_NAME.fullmatch(path.name.lower()) or not path.is_file():
        return False
    with path.open("rb") as file:
        try:
            start = read_start(file, _LOOKED_AT)
        except UnusableList:  # damaged gzip, which is told when it is read
            return True
    return not _IMAGE.search(start) and not _TABLE.search(start.partition(b"\n")[0].lower())


def check_file(path: Path, config: Path | None, items: Path | None, *, as_json: bool) -> None:
    """Check a ratings file without a cloud; exit 1 when a run could not use it."""
    report = report_of(path, _settings(config), items)
    for problem in report.problems:
        complain(problem)
    if as_json:
        print_json(msgspec.to_builtins(report))
    else:
        _show(report)
    if not report.usable:
        say("A run could not use these ratings (exit code 1)", style="red")
        raise typer.Exit(1)
    if not as_json:
        say(f"A run can use {report.accepted:,} of {report.rows:,} ratings")
        given = {"--config": config, "--items": items}
        more = [word for name, value in given.items() if value for word in (name, str(value))]
        say(f"next: {shlex.join(['tagline', 'drop', 'DATASET', str(path), *more, '--wait'])}")


def report_of(path: Path, settings: Settings, items: Path | None) -> RatingsReport:
    """Return what a run would make of a file; settings of images are refused by name."""
    check_kind(settings, Kind.RATINGS)
    with path.open("rb") as file:
        report = check_ratings(str(path), file, settings)
    if items is not None:
        try:
            read_titles(items_of(items))
        except UnusableList as exc:
            report.problems.append(str(exc))
    return report


def items_of(path: Path) -> bytes:
    """Return the bytes of an items.csv; raises Refused for one that is too large."""
    data = path.read_bytes()
    if len(data) > MAX_ITEMS_BYTES:
        raise Refused(f"{path} has {len(data):,} bytes, of {MAX_ITEMS_BYTES:,} that it may have")
    return data


def place_ratings(
    target: "Target", dataset: str, path: Path, items: Path | None
) -> tuple[str, str, str]:
    """Upload titles, then ratings; return the run that they start, their URI and version."""
    bucket, keys = target.bucket, RatingsKeys(dataset)
    if items is not None:
        bucket.put(keys.items, items_of(items), "text/csv")
    key = f"{keys.ratings}{list_name(path.name, Kind.RATINGS)}"
    with path.open("rb") as body:  # in one part, so that answer and event agree on the ETag
        answer = target.s3.put_object(Bucket=bucket.name, Key=key, Body=body)
    version = answer.get("VersionId", "")
    return run_name(bucket.name, key, version, answer["ETag"]), bucket.uri(key), version


def _settings(config: Path | None) -> Settings:
    return load_settings(config.read_bytes(), str(config)) if config else Settings()


def _show(report: RatingsReport) -> None:
    facts: dict[str, object] = {
        "Ratings": report.path,
        "Rows": f"{report.rows:,}",
        "Accepted": f"{report.accepted:,}",
        "Rejected": f"{report.rejected:,}",
    }
    if report.usable:
        how = "the newest" if report.by_time else BY_HASH
        facts |= {
            "Users": f"{report.users:,}",
            "Items": f"{report.items:,}",
            "Training ratings": f"{report.train:,}",
            "Validation ratings": f"{report.validation:,}",
            "Test ratings": f"{report.test:,} ({how})",
        }
    emit(facts_table(facts))
    if report.reasons:
        rows = []
        for reason, count in report.reasons.items():
            first = report.first[reason]
            more = " …" if count > len(first) else ""
            lines = ", ".join(str(reject.line) for reject in first)
            rows.append((reason, f"{count:,}", f"{lines}{more}", first[0].detail))
        emit(rows_table(("Reason", ">Rows", "Lines", "First detail"), rows, title="Rejected rows"))
