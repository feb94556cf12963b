"""From a list to the rows a run can work on: parsed, and found in S3."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from tagline.aws.s3 import Bucket
from tagline.formats.locations import Location
from tagline.formats.reasons import Reason, UnusableList
from tagline.formats.rows import Reject
from tagline.formats.settings import Settings, Tolerance
from tagline.listing.label_counts import count_labels
from tagline.listing.label_names import default_label_names
from tagline.listing.list_file import check_names, read_rows
from tagline.listing.rows import Row
from tagline.listing.sources import Source
from tagline.listing.survey import survey_list
from tagline.planning.inventory import Found, Unlistable, take_inventory
from tagline.planning.respelling import Meant, find_meant
from tagline.settings import InvalidSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass
class JudgedRows:
    """What is known of a list's rows so far: `rows` = `accepted` + len(`rejects`).

    It outlives a failure, so that the rejects can be left for the list's owner.
    """

    tolerance: Tolerance
    rows: int = 0
    accepted: int = 0
    contradicting: int = 0
    """Rejects that say something else than the row that counts."""
    rejects: list[Reject] = field(default_factory=list)
    names: tuple[str, ...] = ()
    """Of the labels, in column order."""

    def check(self) -> None:
        """Raise UnusableList where too few rows are left."""
        rejected = len(self.rejects)
        if self.accepted and self.tolerance.allows(rejected, self.rows):
            return
        reasons = Counter(reject.reason.value for reject in self.rejects)
        counts = ", ".join(f"{reason} {n:,}" for reason, n in reasons.most_common(4))
        first = self.rejects[0]
        verdict = (
            f"{rejected:,} of {self.rows:,} rows are rejected, above the tolerated share of "
            f"{self.tolerance.rejected:g} (tolerance.rejected)"
            if self.accepted
            else f"none of the {self.rows:,} rows can be used"
        )
        raise UnusableList(f"{verdict}: {counts}; first: line {first.line}: {first.detail}")


def parse(
    judged: JudgedRows,
    stream: BinaryIO,
    source: Source,
    names: Sequence[str] | None,
    settings: Settings,
) -> list[Row]:
    """Judge every row by what the list says and return the good ones; raises UnusableList."""
    survey = survey_list(stream, names, settings.task)
    judged.rows = survey.rows
    judged.names = tuple(names or default_label_names(survey.label_count))
    rows: list[Row] = []
    found = read_rows(stream, survey, source, settings.on_conflict)
    for row in found:
        if isinstance(row, Row):
            rows.append(row)
        else:
            judged.rejects.append(row)
    judged.contradicting = found.contradicting
    check_names(
        survey, names, lambda: count_labels((row.labels for row in rows), survey.label_count)
    )
    judged.accepted = len(rows)
    judged.check()
    return rows


def locate(
    judged: JudgedRows, rows: Sequence[Row], client: "S3Client", source: Source
) -> list[tuple[Row, Found]]:
    """Judge parsed rows by their objects; return the usable ones with theirs, in the list's order.

    Raises UnusableList where too few are left, InvalidSettings where the dataset's own source
    cannot be listed; elsewhere that is a verdict on the rows.
    """
    there_are = _find([Location(row.bucket, row.key) for row in rows], client, source)
    missing = [row for row in rows if (row.bucket, row.key) not in there_are]
    meant = find_meant(missing, lambda places: _find(places, client, source), source)
    taken = {(row.bucket, row.key): row for row in rows} if meant else {}
    located: list[tuple[Row, Found]] = []
    for listed in rows:
        row = listed
        instead = meant.get(row.line)
        fault = None
        if instead is not None and instead.found is not None:
            row = row._replace(key=instead.key)
            there_are[row.bucket, row.key] = instead.found
            fault = _repeats(taken.setdefault((row.bucket, row.key), row), row)
        there = there_are.get((row.bucket, row.key))
        fault = fault or _fault(row, there, instead)
        if fault is not None:
            judged.rejects.append(listed.reject(*fault))
        elif isinstance(there, Found):
            located.append((row, there))
    judged.accepted = len(located)
    judged.rejects.sort(key=lambda reject: reject.line)
    judged.check()
    return located


def _repeats(first: Row, row: Row) -> tuple[Reason, str] | None:
    """Return why a row stays out whose image another row has, spelt otherwise."""
    if first.line == row.line:
        return None
    same = first.labels == row.labels
    reason = Reason.DUPLICATE_PATH if same else Reason.CONFLICTING_LABELS
    labels = "the same labels" if same else "other labels"
    return reason, f"line {first.line} has the same image with {labels}"


def _fault(
    row: Row, there: Found | Unlistable | None, instead: Meant | None
) -> tuple[Reason, str] | None:
    if there is None:
        hint = f"; {instead.detail}" if instead else ""
        return Reason.MISSING_OBJECT, f"there is no s3://{row.bucket}/{row.key}{hint}"
    if isinstance(there, Unlistable):
        return there.reason, there.detail
    return there.fault()


def _find(
    places: Collection[Location], client: "S3Client", source: Source
) -> dict[tuple[str, str], Found | Unlistable]:
    wanted: dict[tuple[str, str], list[str]] = defaultdict(list)
    for place in places:
        wanted[place.bucket, source.scope(place)].append(place.key)
    found: dict[tuple[str, str], Found | Unlistable] = {}
    for (bucket, prefix), keys in sorted(wanted.items()):
        keys.sort()  # by code point, which is S3's UTF-8 order
        try:
            there_are = take_inventory(Bucket(client, bucket), prefix, keys)
        except Unlistable as exc:
            if (bucket, prefix) == source.home:
                raise InvalidSettings(exc.detail) from exc
            found.update(((bucket, key), exc) for key in keys)
        else:
            found.update(((bucket, key), there) for key, there in there_are.items())
    return found
