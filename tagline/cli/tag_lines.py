"""Verdicts as lines of text: JSON Lines, CSV, or tables for people."""

import csv
import io
import json
from pathlib import Path

from rich.console import Group

from tagline.api.documents import Tags
from tagline.cli.output import number, rows_table
from tagline.cli.tagging import Verdict
from tagline.formats.printable import printable, printable_json

COLUMNS = ("image", "tags", "scores", "run", "error")
_BETWEEN = "|"  # the tags of an image, and their scores


def json_line(verdict: Verdict) -> str:
    """Return a verdict as a line of JSON."""
    return printable_json(json.dumps(verdict.record, ensure_ascii=False)) + "\n"


def csv_line(fields: tuple[str, ...]) -> str:
    """Return a line of CSV (RFC 4180, but for the line's end)."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(map(printable, fields))
    return line.getvalue()


def csv_fields(verdict: Verdict) -> tuple[str, ...]:
    """Return a verdict's fields in the order of COLUMNS; tags highest score first."""
    answer = verdict.answer
    if answer is None:
        return verdict.image, "", "", "", verdict.error or ""
    tags = _BETWEEN.join(tag.label for tag in answer.tags)
    scores = _BETWEEN.join(f"{tag.score:.6g}" for tag in answer.tags)
    return verdict.image, tags, scores, answer.model.run, ""


def table(image: str, answer: Tags) -> Group:
    """Return an image's tags as people read them."""
    name = image if "://" in image else Path(image).name
    rows = ((tag.label, number(tag.score)) for tag in answer.tags)
    return rows_table(("Tag", ">Score"), rows, title=f"{name}, by {answer.model.run}")
