"""From a list to the rows a run can work on: parsed, and found in S3."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from tagline.formats.reasons import Reason, UnusableList
from tagline.listing.label_names import default_label_names
from tagline.listing.list_file import Reject, Row, check_names, read_rows, survey
from tagline.listing.sources import Location, Source
from tagline.planning.inventory import Found, Unlistable, take_inventory
from tagline.settings.schema import InvalidSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class UsableRow(NamedTuple):
    """A row whose image exists: its content's ETag and its size in bytes."""

    row: Row
    etag: str
    size: int


@dataclass
class Judged:
    """A list's rows as far as they are judged: `total` = len(accepted) + len(rejects).

    It outlives a failure, so that the rejects can be left for the list's owner.
    """

    total: int = 0
    names: tuple[str, ...] = ()
    accepted: list[Row] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


def parse(
    judged: Judged, stream: BinaryIO, source: Source, names: Sequence[str] | None, tolerance: float
) -> None:
    """Judge every row by what the list says; raises UnusableList."""
    shape = survey(stream)
    if names is not None:
        check_names(shape, names)
    judged.total = shape.rows
    judged.names = tuple(names or default_label_names(shape.label_count))
    for row in read_rows(stream, shape, source):
        if isinstance(row, Row):
            judged.accepted.append(row)
        else:
            judged.rejects.append(row)
    _check_tolerance(judged, tolerance)


def locate(judged: Judged, client: "S3Client", source: Source, tolerance: float) -> list[UsableRow]:
    """Judge the parsed rows by their objects; return the usable ones in the list's order.

    Raises UnusableList where too few are left, InvalidSettings where the dataset's own source
    cannot be listed; elsewhere that is a verdict on the rows.
    """
    there_are = _find(judged.accepted, client, source)
    usable: list[UsableRow] = []
    for row in judged.accepted:
        judgement = _judge(row, there_are.get((row.bucket, row.key)))
        if isinstance(judgement, Reject):
            judged.rejects.append(judgement)
        else:
            usable.append(judgement)
    judged.accepted = [found.row for found in usable]
    judged.rejects.sort(key=lambda reject: reject.line)
    _check_tolerance(judged, tolerance)
    return usable


def _judge(row: Row, there: Found | Unlistable | None) -> UsableRow | Reject:
    if there is None:
        fault = Reason.MISSING_OBJECT, f"there is no s3://{row.bucket}/{row.key}"
    elif isinstance(there, Unlistable):
        fault = there.reason, there.detail
    else:
        found = there.fault()
        if found is None:
            return UsableRow(row, there.etag, there.size)
        fault = found
    return Reject(row.line, row.id, row.path, "path", *fault)


def _find(
    rows: Sequence[Row], client: "S3Client", source: Source
) -> dict[tuple[str, str], Found | Unlistable]:
    wanted: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        location = Location(row.bucket, row.key)
        wanted[row.bucket, source.scope(location)].append(row.key)
    found: dict[tuple[str, str], Found | Unlistable] = {}
    for (bucket, prefix), keys in sorted(wanted.items()):
        keys.sort()  # by code point, which is S3's UTF-8 order
        try:
            there_are = take_inventory(client, bucket, prefix, keys)
        except Unlistable as exc:
            if (bucket, prefix) == source.home:
                raise InvalidSettings(exc.detail) from exc
            found.update(((bucket, key), exc) for key in keys)
        else:
            found.update(((bucket, key), there) for key, there in there_are.items())
    return found


def _check_tolerance(judged: Judged, tolerance: float) -> None:
    rejected = len(judged.rejects)
    if judged.accepted and rejected <= tolerance * judged.total:
        return
    reasons = Counter(reject.reason.value for reject in judged.rejects)
    counts = ", ".join(f"{reason} {n:,}" for reason, n in reasons.most_common(4))
    first = judged.rejects[0]
    verdict = (
        f"{rejected:,} of {judged.total:,} rows are rejected, above the tolerated share of "
        f"{tolerance:g} (tolerance.rejected)"
        if judged.accepted
        else f"none of the {judged.total:,} rows can be used"
    )
    raise UnusableList(f"{verdict}: {counts}; first: line {first.line}: {first.detail}")
