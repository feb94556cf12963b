"""From the table `parsed` to the table `usable`: rows and their objects, as S3 lists them."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from im2rec.plan.reading import Scopes
from im2rec.plan.rejects import StoredRejects
from im2rec.plan.tables import Tables
from tagline.aws.s3 import Bucket
from tagline.formats.image_index import image_digest
from tagline.formats.reasons import Reason
from tagline.formats.rows import Reject
from tagline.listing.list_file import same_image
from tagline.listing.rows import Row
from tagline.listing.sources import Source
from tagline.planning.finding import check_home, fault, find
from tagline.planning.inventory import Found, Unlistable, take_inventory
from tagline.planning.respelling import MOST_HINTS, Meant, find_meant
from tagline.planning.sharding import packing_rank
from tagline.split.sides import content_hash

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_LISTED = 32_000  # keys that are asked for at a time, in eight segments
_FOUND = {
    "line": "UBIGINT",
    "rank": "UBIGINT",
    "key": "VARCHAR",
    "etag": "VARCHAR",
    "size": "UBIGINT",
    "content": "UBIGINT",
    "image": "VARCHAR",
    "reason": "VARCHAR",
    "detail": "VARCHAR",
}
_REJECTED = "SELECT p.line, p.id, p.path, f.reason, f.detail"
_USABLE = (
    "SELECT p.line, p.id, f.rank, p.path, p.bucket, f.key, f.etag, f.size, f.content, f.image, "
    "p.labels"
)


class Locating:
    """Looks for the objects of the rows in `parsed`."""

    def __init__(
        self,
        tables: Tables,
        rejects: StoredRejects,
        *,
        client: "S3Client",
        source: Source,
        scopes: Scopes,
        seed: int,
    ) -> None:
        self._tables = tables
        self._rejects = rejects
        self._client = client
        self._source = source
        self._scopes = scopes
        self._seed = seed
        self._refused: dict[int, Unlistable] = {}
        self._hints: dict[int, str] = {}

    def locate(self) -> None:
        """Fill `usable`, and reject all other rows; raises InvalidSettings."""
        tables = self._tables
        tables.fill("found", _FOUND, self._found())
        tables.run("CREATE TABLE refused (scope UINTEGER)")
        for scope, why in self._refused.items():
            tables.run("INSERT INTO refused VALUES (?)", scope)
            mine = "SELECT line FROM parsed WHERE scope = ?"
            tables.run(f"DELETE FROM found WHERE line IN ({mine})", scope)
            for line, number, path in tables.rows(
                "SELECT line, id, path FROM parsed WHERE scope = ?", scope
            ):
                self._reject(line, number, path, why.reason, why.detail)
        tables.run(
            "CREATE TABLE missing AS SELECT line, id, path, bucket, key FROM parsed "
            "WHERE line NOT IN (SELECT line FROM found) "
            "AND scope NOT IN (SELECT scope FROM refused)"
        )
        tables.fill("meant", _FOUND, self._meant())
        self._judge()
        tables.drop("parsed", "found", "refused", "missing", "meant", "respelt")

    def _found(self) -> Iterator[tuple[Any, ...]]:
        for (bucket, prefix), scope in sorted(self._scopes.items()):
            rows = self._tables.rows(  # DuckDB sorts by bytes, which is S3's order
                "SELECT line, id, key FROM parsed WHERE scope = ? ORDER BY key", scope
            )
            try:
                while chunk := list(islice(rows, _LISTED)):
                    keys = [key for _, _, key in chunk]
                    there = take_inventory(Bucket(self._client, bucket), prefix, keys)
                    for line, number, key in chunk:
                        if key in there:
                            yield self._as_found(line, number, bucket, key, there[key])
            except Unlistable as exc:
                check_home(self._source, bucket, prefix, exc)
                self._refused[scope] = exc

    def _as_found(
        self, line: int, number: int, bucket: str, key: str, found: Found
    ) -> tuple[Any, ...]:
        reason, detail = found.fault() or ("", "")
        return (
            line,
            packing_rank(number, self._seed)[0],
            key,
            found.etag,
            found.size,
            content_hash(found.etag, self._seed),
            image_digest(bucket, key, found.etag),
            str(reason),
            detail,
        )

    def _meant(self) -> Iterator[tuple[Any, ...]]:
        """Yield the objects that missing rows mean; keep what exists instead of others."""
        rows = self._tables.rows("SELECT line, id, path, bucket, key FROM missing ORDER BY line")
        hints = MOST_HINTS
        while chunk := [_row(*row) for row in islice(rows, _LISTED)]:
            meant = find_meant(
                chunk, lambda places: find(places, self._client, self._source), self._source, hints
            )
            for row in chunk:
                instead = meant.get(row.line)
                if instead is None:
                    continue
                if instead.found is None:
                    self._hints[row.line] = instead.detail
                else:
                    yield self._as_found(row.line, row.id, row.bucket, instead.key, instead.found)
            hints = max(hints - len(chunk), 0)

    def _judge(self) -> None:
        tables = self._tables
        for row in tables.rows(
            f"{_REJECTED} FROM parsed p JOIN found f ON f.line = p.line WHERE f.reason <> ''"
        ):
            self._reject(*row)
        for line, number, path, bucket, key in tables.rows(
            "SELECT * FROM missing WHERE line NOT IN (SELECT line FROM meant)"
        ):
            hint = self._hints.get(line)
            instead = Meant(detail=hint) if hint else None
            why = fault(_row(line, number, path, bucket, key), None, instead)
            if why is not None:
                self._reject(line, number, path, *why)
        # the row that has an object counts, else the first one that means it
        tables.run(
            "CREATE TABLE respelt AS SELECT f.*, "
            "coalesce(q.line, first_value(f.line) OVER same) AS first, "
            "coalesce(q.labels, first_value(p.labels) OVER same) = p.labels AS alike "
            "FROM meant f JOIN parsed p ON p.line = f.line "
            "LEFT JOIN parsed q ON q.bucket = p.bucket AND q.key = f.key "
            "WINDOW same AS (PARTITION BY p.bucket, f.key ORDER BY f.line)"
        )
        for line, number, path, reason, detail, first, alike in tables.rows(
            f"{_REJECTED}, f.first, f.alike FROM respelt f JOIN parsed p ON p.line = f.line "
            "WHERE f.first <> f.line OR f.reason <> ''"
        ):
            why = (reason, detail) if first == line else same_image(first, same=alike)
            self._reject(line, number, path, *why)
        tables.run(
            f"CREATE TABLE usable AS {_USABLE} FROM parsed p JOIN found f ON f.line = p.line "
            f"WHERE f.reason = '' UNION ALL {_USABLE} FROM parsed p "
            "JOIN respelt f ON f.line = p.line WHERE f.reason = '' AND f.first = f.line"
        )

    def _reject(self, line: int, number: int, path: str, reason: str, detail: str) -> None:
        why = Reason(reason)
        self._rejects.append(Reject(line=line, id=number, path=path, reason=why, detail=detail))


def _row(line: int, number: int, path: str, bucket: str, key: str) -> Row:
    return Row(line, number, path, bucket, key, b"")
