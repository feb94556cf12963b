"""The list file: every line becomes an accepted row or a reject, in order and in bounded memory.

The form: `id <tab> label_1 … label_N <tab> path`, one image a line, no header. Also taken: blanks
round the tabs, tabs at a line's end, a leading / on the path, all rows' labels as one comma-joined
column, labels written 0.0 and 1.0, CRLF, a BOM, gzip, no final newline. Blank lines are no rows;
accepted + rejected = rows.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import BinaryIO
from zlib import crc32

from tagline.formats.list_lines import read_lines
from tagline.formats.reasons import Reason, UnusableList
from tagline.formats.rows import Reject
from tagline.listing.rows import Row, RowParser
from tagline.listing.sources import Source
from tagline.listing.survey import Survey


def check_names(
    survey: Survey, names: Sequence[str] | None, positives: Callable[[], Sequence[int]]
) -> None:
    """Raise UnusableList where labels.txt has not one name for every label of the list.

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
            f"labels.txt has {len(names)} names, but the list's rows have {count} labels; give one "
            "name a label, in column order"
        )


def read_rows(stream: BinaryIO, survey: Survey, source: Source) -> Iterator[Row | Reject]:
    """Yield every row of a surveyed, seekable list as accepted or rejected.

    Of rows with the same id, or the same image, the first well-formed one counts.
    """
    parser = RowParser(survey.label_count, source, survey.header_line, joined=survey.joined)
    ids = _Ids()
    images = _Images()
    for line in read_lines(stream):
        row = parser.parse(line)
        if isinstance(row, Row):
            digest = images.digest(row)
            earlier = images.find(digest, row)
            if row.id in ids:
                row = row.reject(Reason.DUPLICATE_ID, f"an earlier row has the id {row.id}")
            elif earlier is not None:
                first_line, same = earlier
                reason = Reason.DUPLICATE_PATH if same else Reason.CONFLICTING_LABELS
                labels = "the same labels" if same else "other labels"
                row = row.reject(reason, f"line {first_line} has the same image with {labels}")
            else:
                ids.add(row.id)
                images.add(digest, row)
        yield row


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


class _Images:
    """The images seen, as 128-bit digests of where they lie, with their line and labels' sum."""

    def __init__(self) -> None:
        self._seen: dict[bytes, int] = {}

    @staticmethod
    def digest(row: Row) -> bytes:
        """Return what identifies the row's image here."""
        # no bucket's name holds a slash
        return blake2b(f"{row.bucket}/{row.key}".encode(), digest_size=16).digest()

    def find(self, digest: bytes, row: Row) -> tuple[int, bool] | None:
        """Return the line that named the row's image first, and whether its labels were equal."""
        packed = self._seen.get(digest)
        return None if packed is None else (packed >> 32, packed & 0xFFFFFFFF == crc32(row.labels))

    def add(self, digest: bytes, row: Row) -> None:
        """Note the first row of an image."""
        self._seen[digest] = row.line << 32 | crc32(row.labels)
