"""Verdicts as lines of text: JSON Lines, CSV, or tables for people."""

import csv
import io
import json
from pathlib import Path

from msgspec import UNSET
from rich.console import Group

from tagline.api.documents import Tags
from tagline.cli.output import number, rows_table
from tagline.cli.tagging import Verdict
from tagline.formats.printable import printable, printable_json

COLUMNS = ("image", "tags", "scores", "run", "error")
_BETWEEN = "|"  # the tags of an image, and their scores
_FIRST = 5  # labels of one image that are shown with their scores


def json_line(verdict: Verdict) -> str:
    """Return a verdict as a line of JSON."""
    return printable_json(json.dumps(verdict.record, ensure_ascii=False)) + "\n"


def csv_line(fields: tuple[str, ...]) -> str:
    """Return a line of CSV (RFC 4180, but for the line's end)."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(map(printable, fields))
    return line.getvalue()


def csv_fields(verdict: Verdict) -> tuple[str, ...]:
    """Return a verdict's fields in the order of COLUMNS; tags highest score first.

    Where an image has exactly one label, no tag is an image that the model is unsure of.
    """
    answer = verdict.answer
    if answer is None:
        return verdict.image, "", "", "", verdict.error or ""
    # of an image that has exactly one label the highest score is told, whether it is sure or not
    scored = answer.tags if answer.tags or answer.scores is UNSET else answer.scores[:1]
    tags = _BETWEEN.join(tag.label for tag in answer.tags)
    scores = _BETWEEN.join(f"{tag.score:.6g}" for tag in scored)
    return verdict.image, tags, scores, answer.model.run, ""


def table(image: str, answer: Tags) -> Group:
    """Return an image's tags as people read them."""
    name = image if "://" in image else Path(image).name
    title = f"{name}, by {answer.model.run}"
    if answer.scores is UNSET:
        rows = ((tag.label, number(tag.score)) for tag in answer.tags)
        return rows_table(("Tag", ">Score"), rows, title=title)
    label = "unsure" if answer.unsure else printable(answer.label or "")
    scores = ((tag.label, number(tag.score)) for tag in answer.scores[:_FIRST])
    return rows_table(("Label", ">Score"), scores, title=f"{title}: {label}")
