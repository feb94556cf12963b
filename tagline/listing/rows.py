"""One line of a list file → a row, or the reason why it is none."""

from typing import NamedTuple

from msgspec.structs import replace

from tagline.formats.list_lines import MAX_LINE_BYTES, Line
from tagline.formats.locations import MAX_KEY_BYTES
from tagline.formats.reasons import Reason
from tagline.formats.rows import Reject
from tagline.listing.classes import Classes, class_of
from tagline.listing.label_faults import (
    LABEL,
    is_label,
    labels_fault,
    not_one_label,
    split_labels,
    text_of,
)
from tagline.listing.sources import BadLocation, Source

MAX_ID = 2**64 - 1
_MAX_ID_DIGITS = 64  # leading zeros too
_WIDEST = 16  # bytes of a label and its separator


class _Values(dict[bytes, bytes]):
    """The ways a label is written → its digit; the usual ones are looked up, others matched."""

    def __init__(self) -> None:
        forms = [b"", b".", *(b"." + b"0" * zeros for zeros in range(1, 9))]
        super().__init__({digit + form: digit for digit in (b"0", b"1") for form in forms})

    def __missing__(self, field: bytes) -> bytes:
        match = LABEL.fullmatch(field.strip(b" "))
        if match is None:
            raise KeyError(field)
        return match[1]


_VALUES = _Values()


class Row(NamedTuple):
    """A well-formed row: `labels` holds one byte, b"0" or b"1", a label."""

    line: int
    id: int
    path: str
    bucket: str
    key: str
    labels: bytes

    def reject(self, reason: Reason, detail: str) -> Reject:
        """Return why the row stays out all the same."""
        return Reject(line=self.line, id=self.id, path=self.path, reason=reason, detail=detail)


class RowParser:
    """Parses rows of `label_count` labels whose paths resolve against `source`.

    Labels are `joined` by commas in one column, or have a column each, or there is one column of
    `classes`. Accepts blanks round the columns, and labels written 0.0 or 1.000000. With
    `one_label` a row has exactly one.
    """

    def __init__(
        self,
        label_count: int,
        source: Source,
        header_line: int = 0,
        *,
        joined: bool = False,
        classes: bool = False,
        one_label: bool = False,
    ) -> None:
        self._count = label_count
        self._classes = Classes(label_count) if classes else None
        self._one_label = one_label
        self._source = source
        self._header_line = header_line
        self._separator, self._other = (b",", b"\t") if joined else (b"\t", b",")
        self._forms: dict[int, bytes] = {}

    def parse(self, line: Line) -> Row | Reject:
        """Return the row of a line, or its first fault from left to right."""
        text = line.text
        first = text.find(b"\t")
        last = text.rfind(b"\t")
        ident = text[:first].strip(b" ") if first >= 0 else text
        if (
            line.cut
            or line.number == self._header_line
            or first == last
            or not ident.isdigit()
            or len(ident) > _MAX_ID_DIGITS
        ):
            return self._malformed(line)
        number = int(ident)
        if number > MAX_ID:
            return self._malformed(line)
        labels = self._labels(text[first + 1 : last].strip(b" "))
        if labels is None or (self._one_label and labels.count(b"1") != 1):
            return self._bad_labels(line, number, text[first + 1 : last], labels)
        try:
            path = text[last + 1 :].strip(b" ").decode()
            location = self._source.resolve(path)
        except UnicodeDecodeError:
            return _reject(line, Reason.BAD_ENCODING, "the path is not valid UTF-8")
        except BadLocation as exc:
            return _reject(line, exc.reason, exc.detail)
        return Row(line.number, number, path, location.bucket, location.key, labels)

    def _labels(self, column: bytes) -> bytes | None:
        """Return one byte a label, or None where the column is not `count` labels of 0 or 1."""
        if self._classes is not None:
            return self._classes.labels(column)
        digits = self._even(column)
        if digits is not None:
            return digits
        if b" " in column:
            separator = self._separator
            column = column.replace(b" " + separator, separator).replace(
                separator + b" ", separator
            )
            digits = self._even(column)
            if digits is not None:
                return digits
        fields = column.split(self._separator)
        if len(fields) != self._count:
            return None
        try:
            return b"".join([_VALUES[field] for field in fields])
        except KeyError:
            return None

    def _even(self, column: bytes) -> bytes | None:
        """Return the digits of labels that are all written alike (1, or 1.000000), or None.

        A column whose ones are made zeros must be a column of zeros, and no 1 may stand where the
        labels' first digits don't: both are told without looking at single labels.
        """
        stride, odd = divmod(len(column) + 1, self._count)
        if odd or stride < 2:  # noqa: PLR2004 - a digit and what separates it from the next
            return None
        digits = column[::stride]
        zeros = self._zeros(stride)
        if column.replace(b"1", b"0") != zeros:
            return None
        if stride > 2 and column.count(b"1") != digits.count(b"1"):  # noqa: PLR2004
            return None
        return digits

    def _zeros(self, stride: int) -> bytes:
        """Return a column of zeros that take `stride` bytes each: 0, 0. or 0.0 and so on."""
        zeros = self._forms.get(stride)
        if zeros is None:
            form = b"0.".ljust(stride - 1, b"0")[: stride - 1]
            zeros = self._separator.join([form] * self._count)
            if stride <= _WIDEST:  # few enough to keep, whatever the list holds
                self._forms[stride] = zeros
        return zeros

    def _malformed(self, line: Line) -> Reject:
        if line.cut:
            return Reject(
                line=line.number,
                id=None,
                path=None,
                reason=Reason.LINE_TOO_LONG,
                detail=f"the line is longer than {MAX_LINE_BYTES >> 20} MiB",
            )
        if line.number == self._header_line:
            return _reject(line, Reason.HEADER_ROW, "a list has no header; remove this line")
        if self._lacks_path(line):
            return _no_path(line)
        ident, *columns = line.text.split(b"\t")
        if len(columns) < 2:  # noqa: PLR2004 - labels and path
            labels = "a class" if self._classes else f"{self._count} labels"
            return _reject(
                line,
                Reason.WRONG_LABEL_COUNT,
                f"expected {labels} between the id and the path, separated by tabs; "
                f"the line has {len(columns)} tab(s)",
            )
        shown = text_of(ident.strip(b" "))
        return _reject(line, Reason.BAD_ID, f"the id {shown!r} is not an integer from 0 to 2^64-1")

    def _lacks_path(self, line: Line) -> bool:
        """Return whether a row's labels are all there and end the line."""
        fields = split_labels(line.text.partition(b"\t")[2])
        if self._classes is not None:
            return len(fields) == 1 and class_of(fields[0]) is not None
        return len(fields) == self._count and all(map(is_label, fields))

    def _bad_labels(self, line: Line, number: int, column: bytes, labels: bytes | None) -> Reject:
        if labels is not None:
            return _reject(line, Reason.NOT_ONE_LABEL, not_one_label(labels), number)
        if self._lacks_path(line):
            return _no_path(line)
        if self._classes is not None:
            return _reject(line, *self._classes.fault(column), number)
        return _reject(line, *labels_fault(column, self._count, self._other), number)


def _no_path(line: Line) -> Reject:
    return replace(_reject(line, Reason.BAD_PATH, "the path is empty"), path="")


def _reject(line: Line, reason: Reason, detail: str, number: int | None = None) -> Reject:
    try:
        line.text.decode()
    except UnicodeDecodeError as exc:
        reason = Reason.BAD_ENCODING
        detail = f"byte {exc.start + 1} of the line is not valid UTF-8"
    ident, _, rest = line.text.partition(b"\t")
    ident = ident.strip(b" ")
    shown: int | str = text_of(ident)
    if number is None and ident.isdigit() and len(ident) <= _MAX_ID_DIGITS:
        number = int(ident) if int(ident) <= MAX_ID else None
    path = text_of(rest.rpartition(b"\t")[2].strip(b" "), MAX_KEY_BYTES) if rest else None
    return Reject(
        line=line.number,
        id=shown if number is None else number,
        path=path,
        reason=reason,
        detail=detail,
    )
