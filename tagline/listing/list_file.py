"""The list file: every line becomes an accepted row or a reject, in order and in bounded memory.

The form: `id <tab> label_1 … label_N <tab> path`, one image a line, no header. Also taken: one
column of classes (`tagline.listing.classes`), blanks
round the tabs, tabs at a line's end, a leading / on the path, all rows' labels as one comma-joined
column, labels written 0.0 and 1.0, CRLF, a BOM, gzip, no final newline. Blank lines are no rows;
accepted + rejected = rows.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import BinaryIO, NamedTuple
from zlib import crc32

from tagline.formats.list_lines import read_lines
from tagline.formats.reasons import Reason, UnusableList
from tagline.formats.rows import Reject
from tagline.formats.settings import OnConflict
from tagline.listing.rows import Row, RowParser
from tagline.listing.sources import Source
from tagline.listing.survey import Survey

_DIGEST = 16  # bytes that stand for where an image lies


def check_names(
    survey: Survey,
    names: Sequence[str] | None,
    positives: Callable[[], Sequence[int]],
    file: str = "labels.txt",
) -> None:
    """Raise UnusableList where labels.txt has not one name for every label of the list.

    `file` is what the error calls it.

    Without names, labels such as 1,0 may be one label or two; they are two for sure where any row
    has the second: `positives` tells the number of rows that have each label.
    """
    count = survey.label_count
    if names is None:
        if survey.decimals and not any(positives()[1::2]):
            raise UnusableList(
                f"each row's labels are written like 1,0: {count // 2} with a decimal comma, or "
                f"{count} of which every second is on no image? write labels as 0 and 1 separated "
                "by tabs, or name them in labels.txt"
            )
    elif count and len(names) != count:
        raise UnusableList(
            f"{file} has {len(names)} names, but the list's rows have {count} labels; give one "
            "name a label, in column order"
        )


def contradictions_said(count: int, on_conflict: OnConflict) -> str | None:
    """Return a sentence about rows that other rows of the list contradict; None without any."""
    if not count:
        return None
    rows, are = ("1 row", "is") if count == 1 else (f"{count:,} rows", "are")
    if on_conflict == "last_wins":
        return f"{rows} {are} contradicted by later ones and left out: the last counts"
    return (
        f"{rows} {'contradicts' if count == 1 else 'contradict'} earlier ones and {are} left out: "
        "the first counts. Correct the earlier rows, or set `on_conflict: last_wins` in "
        "dataset.yaml"
    )


def row_parser(survey: Survey, source: Source) -> RowParser:
    """Return what parses the lines of a surveyed list."""
    return RowParser(
        survey.label_count,
        source,
        survey.header_line,
        joined=survey.joined,
        classes=survey.classes,
        one_label=survey.one_label,
    )


def read_rows(
    stream: BinaryIO, survey: Survey, source: Source, on_conflict: OnConflict = "first_wins"
) -> "ListRows":
    """Return the rows of a surveyed, seekable list."""
    return ListRows(stream, survey, source, on_conflict)


class ListRows:
    """Every row of a list as accepted or rejected, in order.

    Of rows with the same id, or the same image, one well-formed row counts, the first or the last;
    `contradicting` counts those left out so far that say something else than the one that counts.
    """

    def __init__(
        self, stream: BinaryIO, survey: Survey, source: Source, on_conflict: OnConflict
    ) -> None:
        self._stream = stream
        self._parser = row_parser(survey, source)
        self._last_wins = on_conflict == "last_wins"
        self.contradicting = 0

    def __iter__(self) -> Iterator[Row | Reject]:
        """Yield the rows."""
        self.contradicting = 0
        return self._last() if self._last_wins else self._first()

    def _first(self) -> Iterator[Row | Reject]:
        seen = _Seen("an earlier")
        for line in read_lines(self._stream):
            row = self._parser.parse(line)
            if isinstance(row, Row):
                fault = seen.add(row.line, row.id, _digest(row), crc32(row.labels))
                if fault is not None:
                    row = self._left_out(row, fault)
            yield row

    def _last(self) -> Iterator[Row | Reject]:
        left_out = self._overruled()
        for line in read_lines(self._stream):
            row = self._parser.parse(line)
            if isinstance(row, Row) and row.line in left_out:
                row = self._left_out(row, left_out[row.line])
            yield row

    def _overruled(self) -> dict[int, "Fault"]:
        """Read the list from its end, so to speak, and return the lines that later ones overrule.

        Only 36 bytes a row are kept on the way there.
        """
        lines, ids, sums, digests = array("Q"), array("Q"), array("Q"), bytearray()
        for line in read_lines(self._stream):
            row = self._parser.parse(line)
            if isinstance(row, Row):
                lines.append(row.line)
                ids.append(row.id)
                sums.append(crc32(row.labels))
                digests += _digest(row)
        seen = _Seen("a later")
        left_out: dict[int, Fault] = {}
        for at in reversed(range(len(lines))):
            digest = bytes(digests[at * _DIGEST : (at + 1) * _DIGEST])
            fault = seen.add(lines[at], ids[at], digest, sums[at])
            if fault is not None:
                left_out[lines[at]] = fault
        return left_out

    def _left_out(self, row: Row, fault: "Fault") -> Reject:
        self.contradicting += fault.contradicts
        return row.reject(fault.reason, fault.detail)


class Fault(NamedTuple):
    """Why a row stays out for another one's sake, and whether it contradicts that one."""

    reason: Reason
    detail: str
    contradicts: bool


def packed(line: int, labels: int) -> int:
    """Return a row that counts as a number above 0: its line, and the CRC-32 of its labels."""
    return line << 32 | labels


def repeated(when: str, number: int, labels: int, image: int, *, has_id: bool) -> Fault | None:
    """Return why a row stays out that comes behind (or, `when` it is a later one, before) others.

    One of them `has_id`, and `image` is the `packed` one that has its image; 0 without one.
    """
    same = image != 0 and image & 0xFFFFFFFF == labels
    if has_id:
        return Fault(Reason.DUPLICATE_ID, f"{when} row has the id {number}", not same)
    return Fault(*same_image(image >> 32, same=same), not same) if image else None


def same_image(line: int, *, same: bool) -> tuple[Reason, str]:
    """Return why a row stays out whose image the row of a line has, with the same labels or not."""
    if same:
        return Reason.DUPLICATE_PATH, f"line {line} has the same image with the same labels"
    return Reason.CONFLICTING_LABELS, f"line {line} has the same image with other labels"


class _Seen:
    """The rows that count so far: their ids; their images with line and labels' sum."""

    def __init__(self, when: str) -> None:
        self._when = when
        self._ids = _Ids()
        self._images: dict[bytes, int] = {}

    def add(self, line: int, number: int, image: bytes, labels: int) -> Fault | None:
        """Take a row in, or return why it stays out."""
        other = self._images.get(image, 0)
        fault = repeated(self._when, number, labels, other, has_id=number in self._ids)
        if fault is None:
            self._ids.add(number)
            self._images[image] = packed(line, labels)
        return fault


def _digest(row: Row) -> bytes:
    """Return what identifies the row's image here."""
    # no bucket's name holds a slash
    return blake2b(f"{row.bucket}/{row.key}".encode(), digest_size=_DIGEST).digest()


class _Ids:
    """The ids seen: 8 bytes each while they rise, as in most lists; a set once they don't."""

    def __init__(self) -> None:
        self._rising = array("Q")
        self._seen: set[int] | None = None

    def __contains__(self, number: int) -> bool:
        if self._seen is None:
            if not self._rising or number > self._rising[-1]:
                return False
            self._seen = set(self._rising)
            self._rising = array("Q")
        return number in self._seen

    def add(self, number: int) -> None:
        if self._seen is None:
            self._rising.append(number)
        else:
            self._seen.add(number)
