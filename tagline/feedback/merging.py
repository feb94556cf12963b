"""Corrections into a list: its rows stay as they are, but for labels that somebody corrected.

The list is read and written line by line; ids, paths, the order and numbers of lines, and what is
no row stay. Images without a row get one, at the end.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import BinaryIO, NamedTuple, Protocol

from tagline.feedback.truths import Said, Truths
from tagline.formats.list_lines import FUNCTION_LIST_BYTES, Line, read_lines
from tagline.formats.locations import Location, parse_uri
from tagline.formats.merged import MOST_ROWS, MergedLabel, MergedRow
from tagline.listing.list_file import row_parser
from tagline.listing.rows import Row
from tagline.listing.sources import BadLocation, Source
from tagline.listing.survey import Survey

_NEW_IDS = 1 << 52  # of rows that are added, below 2^53: any JSON reader takes them
_SALTS = 4  # ids that such a row may have; no list has all of them taken


class Written(Protocol):
    """What a list is written to."""

    def write(self, data: bytes, /) -> object:
        """Write bytes."""


class Outcome(NamedTuple):
    """What merging did to a list."""

    changed: int
    added: int
    labels: tuple[MergedLabel, ...]
    rows: tuple[MergedRow, ...]
    by: Counter[int]
    """Labels that are others now, by the number of the correction that says so."""
    made: set[str]
    """Places of images that have a row now, and had none."""
    gone: set[str]
    """Places of images that have no row, and are not there."""
    untold: set[str]
    """Places of images that have no row, and of which nobody said that they have a label."""
    sha256: str
    """Of the bytes written, hexadecimal."""


class Merger:
    """Writes a list anew with what corrections say of its images."""

    def __init__(
        self, survey: Survey, source: Source, labels: Sequence[str], truths: Truths
    ) -> None:
        self._source = source
        self._labels = labels
        self._columns = {label: at for at, label in enumerate(labels)}
        self._separator = b"," if survey.joined else b"\t"
        self._classes = survey.classes
        self._one_label = survey.one_label or survey.classes  # which has room for no other
        self._parser = row_parser(replace(survey, label_count=len(labels)), source)
        self._truths = truths.images
        self._given: Counter[str] = Counter()
        self._taken: Counter[str] = Counter()
        self._rows: list[MergedRow] = []
        self._by: Counter[int] = Counter()
        self._seen: set[str] = set()
        self._ids: set[int] = set()
        self._made: set[str] = set()
        self._gone: set[str] = set()
        self._untold: set[str] = set()

    def merge(
        self, stream: BinaryIO, out: Written, is_there: Callable[[Location], bool]
    ) -> Outcome:
        """Write the list; `is_there` tells whether an image that has no row can be read."""
        digest = hashlib.sha256()

        def write(data: bytes) -> None:
            digest.update(data)
            out.write(data)

        changed = self._write_rows(stream, write)
        self._write_new(write, is_there)
        labels = tuple(
            MergedLabel(label=name, added=self._given[name], removed=self._taken[name])
            for name in self._labels
            if self._given[name] or self._taken[name]
        )
        return Outcome(
            changed=changed,
            added=len(self._made),
            labels=labels,
            rows=tuple(self._rows),
            by=self._by,
            made=self._made,
            gone=self._gone,
            untold=self._untold,
            sha256=digest.hexdigest(),
        )

    def _write_rows(self, stream: BinaryIO, write: Callable[[bytes], None]) -> int:
        """Write the list's own lines; return how many rows have other labels now."""
        wanted = {_id_of(place, salt) for place in self._truths for salt in range(_SALTS)}
        changed, at = 0, 0
        for line in read_lines(stream, FUNCTION_LIST_BYTES):
            write(b"\n" * (line.number - at - 1))  # blank lines are no rows, and count
            at = line.number
            row = self._parser.parse(line)
            text = line.text + b"." if line.cut else line.text  # it stays too long
            if isinstance(row, Row):
                if row.id in wanted:
                    self._ids.add(row.id)
                labels = self._corrected(row)
                if labels != row.labels:
                    changed += 1
                    text = self._rewritten(line, labels)
            write(text + b"\n")
        return changed

    def _write_new(
        self, write: Callable[[bytes], None], is_there: Callable[[Location], bool]
    ) -> None:
        """Write a row for each image that has none."""
        for place in self._truths.keys() - self._seen:
            if not any(each.has for each in self._truths[place].values()):
                self._untold.add(place)
        for place, said in self._truths.items():
            if place in self._seen or place in self._untold:
                continue
            location = parse_uri(place)
            if location and self._may_be_listed(location) and is_there(location):
                self._made.add(place)
                write(self._new_row(place, location, said))
            else:
                self._gone.add(place)

    def _corrected(self, row: Row) -> bytes:
        place = Location(row.bucket, row.key).uri
        said = self._truths.get(place)
        if not said:
            return row.labels
        self._seen.add(place)
        if self._one_label:
            return self._replaced(row, place, said)
        bits = bytearray(row.labels)
        for label, truth in said.items():
            at, bit = self._columns[label], b"1" if truth.has else b"0"
            if bits[at : at + 1] != bit:
                bits[at : at + 1] = bit
                self._by[truth.by] += 1
                (self._given if truth.has else self._taken)[label] += 1
        if bits != row.labels:
            self._note(row.id, row.path, row.labels, bytes(bits))
        return bytes(bits)

    def _replaced(self, row: Row, place: str, said: dict[str, Said]) -> bytes:
        """Return the labels of a row that has exactly one: another one takes its place."""
        before = self._labels[row.labels.index(b"1")]
        label, truth = next(
            ((label, truth) for label, truth in said.items() if truth.has), (before, None)
        )
        if truth is None and before in said:
            self._untold.add(place)  # it is not this one, and nobody said which
        if truth is None or label == before:
            return row.labels
        at = self._columns[label]
        labels = b"0" * at + b"1" + b"0" * (len(self._labels) - at - 1)
        self._by[truth.by] += 1
        self._given[label] += 1
        self._taken[before] += 1
        self._note(row.id, row.path, row.labels, labels)
        return labels

    def _rewritten(self, line: Line, labels: bytes) -> bytes:
        ident, _, rest = line.text.partition(b"\t")
        path = rest.rpartition(b"\t")[2]
        return b"\t".join((ident, self._column(labels), path))

    def _column(self, labels: bytes) -> bytes:
        if self._classes:
            return b"%d" % labels.index(b"1")
        return self._separator.join(labels[at : at + 1] for at in range(len(labels)))

    def _new_row(self, place: str, location: Location, said: dict[str, Said]) -> bytes:
        has = {label for label, truth in said.items() if truth.has}
        labels = b"".join(b"1" if label in has else b"0" for label in self._labels)
        number = next(
            found for salt in range(_SALTS) if (found := _id_of(place, salt)) not in self._ids
        )
        self._ids.add(number)
        path = self._source.path_of(location)
        self._note(number, path, None, labels)
        return b"\t".join((b"%d" % number, self._column(labels), path.encode())) + b"\n"

    def _may_be_listed(self, location: Location) -> bool:
        try:
            return self._source.resolve(self._source.path_of(location)) == location
        except BadLocation:
            return False

    def _note(self, number: int, path: str, before: bytes | None, after: bytes) -> None:
        if len(self._rows) < MOST_ROWS:
            named = None if before is None else self._names(before)
            self._rows.append(
                MergedRow(id=number, path=path, before=named, after=self._names(after))
            )

    def _names(self, labels: bytes) -> tuple[str, ...]:
        return tuple(self._labels[at] for at, bit in enumerate(labels) if bit == ord("1"))


def _id_of(place: str, salt: int) -> int:
    digest = hashlib.sha256(f"{place}\0{salt}".encode()).digest()
    return _NEW_IDS + int.from_bytes(digest[:8]) % _NEW_IDS
