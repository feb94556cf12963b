"""A list file with its labels.txt: read as a run reads it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tagline.converting.entries import Asked, Declined, Entry, Reading, Tagged, Why
from tagline.formats.keys import MAX_LABELS_BYTES
from tagline.formats.rows import Reject
from tagline.listing.label_counts import LabelCounter
from tagline.listing.label_names import default_label_names, parse_label_names
from tagline.listing.list_file import check_names, read_rows
from tagline.listing.rows import Row
from tagline.listing.sources import Source
from tagline.listing.survey import survey_list

LABELS = "labels.txt"


def read(source: Path, asked: Asked) -> Reading:
    """Return the rows of a list; names are those of `--labels`, or of labels.txt beside it."""
    beside = source.with_name(LABELS)
    file = asked.labels or (beside if beside.is_file() else None)
    names: tuple[str, ...] | None = None
    if file is not None:
        with file.open("rb") as stream:
            names = parse_label_names(stream.read(MAX_LABELS_BYTES + 1), str(file))
    with source.open("rb") as stream:
        survey = survey_list(stream, names)
    counter = LabelCounter(survey.label_count)  # without names: is 1,0 one label or two?
    check_names(survey, names, counter.positives)
    shown = names or default_label_names(survey.label_count)
    said = {"Images": "the last column", "Tags": str(file) if file else "numbered: no labels.txt"}
    reading = Reading("list", said, iter(()), declared=list(shown))
    if survey.classes:
        said["Tags"] = f"the class of each row, {said['Tags']}"
    reading.entries = _entries(source, shown)
    return reading


def _entries(source: Path, names: Sequence[str]) -> Iterator[Entry]:
    with source.open("rb") as stream:
        for row in read_rows(stream, survey_list(stream, names), Source.unchecked()):
            if isinstance(row, Reject):
                detail = f"{row.reason.value}: {row.detail}"
                yield Declined(row.line, row.path, Why.BAD_ROW, detail)
            else:
                tags = [name for name, digit in zip(names, row.labels, strict=True) if digit == 49]  # noqa: PLR2004 - b"1"
                yield Tagged(row.line, _path(row), tags, row.id)


def _path(row: Row) -> str:
    return f"s3://{row.bucket}/{row.key}" if row.bucket else row.key
