"""From a list to the table `parsed`: the rows that count, each judged by the rules of the list."""

from array import array
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, BinaryIO
from zlib import crc32

from im2rec.plan.contents import packed
from im2rec.plan.rejects import StoredRejects
from im2rec.plan.tables import Tables
from tagline.formats.list_lines import read_lines
from tagline.formats.locations import Location
from tagline.formats.rows import Reject
from tagline.formats.settings import OnConflict
from tagline.listing.list_file import packed as counting
from tagline.listing.list_file import repeated, row_parser
from tagline.listing.rows import Row
from tagline.listing.sources import Source
from tagline.listing.survey import Survey

PARSED = {
    "line": "UBIGINT",
    "id": "UBIGINT",
    "path": "VARCHAR",
    "bucket": "VARCHAR",
    "key": "VARCHAR",
    "scope": "UINTEGER",
    "labels": "BLOB",
    "sum": "UINTEGER",
}
Scopes = dict[tuple[str, str], int]
"""What has to be listed, bucket and prefix, and the number that stands for it."""


def read(
    tables: Tables, rejects: StoredRejects, stream: BinaryIO, survey: Survey, source: Source
) -> Scopes:
    """Fill `parsed` with the well-formed rows of a list."""
    scopes: Scopes = {}
    bits = lru_cache(1 << 12)(packed)  # rows of classes share theirs

    def rows() -> Iterator[tuple[Any, ...]]:
        parser = row_parser(survey, source)
        for line in read_lines(stream):
            row = parser.parse(line)
            if not isinstance(row, Row):
                rejects.append(row)
                continue
            prefix = source.scope(Location(row.bucket, row.key))
            scope = scopes.setdefault((row.bucket, prefix), len(scopes))
            labels = row.labels
            yield (*row[:5], scope, bits(labels), crc32(labels))

    tables.fill("parsed", PARSED, rows())
    return scopes


def leave_out(tables: Tables, rejects: StoredRejects, on_conflict: OnConflict) -> int:
    """Reject rows that have another one's id or image, as `tagline.listing.list_file` does.

    Returns how many contradict one that counts. Only rows whose id, or image, comes more than
    once are looked at one by one; of the ids and images eight bytes each are kept.
    """
    last_wins = on_conflict == "last_wins"
    when, order = ("a later", "DESC") if last_wins else ("an earlier", "")
    tables.run("CREATE TABLE ids AS SELECT id FROM parsed GROUP BY id HAVING count(*) > 1")
    tables.run(
        "CREATE TABLE places AS "
        "SELECT hash(bucket, key) AS place FROM parsed GROUP BY place HAVING count(*) > 1"
    )
    tables.run(
        "CREATE TABLE suspects AS SELECT line, id, path, sum, "
        "dense_rank() OVER (ORDER BY id) - 1 AS ident, "
        "dense_rank() OVER (ORDER BY bucket, key) - 1 AS place FROM parsed "
        "WHERE id IN (SELECT id FROM ids) OR hash(bucket, key) IN (SELECT place FROM places)"
    )
    most = tables.number("SELECT coalesce(max(greatest(ident, place)) + 1, 0) FROM suspects")
    ids, images = bytearray(most), array("Q", bytes(8 * most))
    contradicting = 0

    def gone() -> Iterator[tuple[int]]:
        nonlocal contradicting
        query = f"SELECT line, id, path, sum, ident, place FROM suspects ORDER BY line {order}"
        for line, number, path, labels, ident, place in tables.rows(query):
            fault = repeated(when, number, labels, images[place], has_id=bool(ids[ident]))
            if fault is None:
                ids[ident], images[place] = 1, counting(line, labels)
                continue
            contradicting += fault.contradicts
            rejects.append(
                Reject(line=line, id=number, path=path, reason=fault.reason, detail=fault.detail)
            )
            yield (line,)

    tables.fill("gone", {"line": "UBIGINT"}, gone())
    tables.run("DELETE FROM parsed WHERE line IN (SELECT line FROM gone)")
    tables.drop("ids", "places", "suspects", "gone")
    return contradicting
