"""What a run would make of a ratings file, without a cloud."""

from typing import BinaryIO

import msgspec

from tagline.formats.document import Record
from tagline.formats.kinds import Kind
from tagline.formats.ratings import RatingVerdict
from tagline.formats.reasons import Reason, UnusableList
from tagline.formats.rows import Reject, Rejected, Size, count_rejects
from tagline.formats.settings import Settings
from tagline.ratings.sides import Divided
from tagline.ratings.table import Table


class RatingsReport(Record, kw_only=True):
    """What `tagline check --json` prints of ratings."""

    path: str
    kind: Kind = Kind.RATINGS
    rows: Size = 0
    accepted: Size = 0
    rejected: Size = 0
    reasons: dict[Reason, Size] = msgspec.field(default_factory=dict)
    """Why rows are rejected, the most frequent first."""
    first: dict[Reason, tuple[Reject, ...]] = msgspec.field(default_factory=dict)
    users: Size = 0
    items: Size = 0
    train: Size = 0
    validation: Size = 0
    test: Size = 0
    by_time: bool = False
    """Whether the newest are the test; else a hash picks them."""
    problems: list[str] = msgspec.field(default_factory=list)
    """Why a run could not use the file."""

    @property
    def usable(self) -> bool:
        """Whether a run could use the file."""
        return not self.problems


def check_ratings(path: str, stream: BinaryIO, settings: Settings) -> RatingsReport:
    """Return what a plan would come to; what it would refuse is among the problems."""
    try:
        table = Table(stream)
    except UnusableList as exc:
        return RatingsReport(path=path, problems=[str(exc)])
    table.leave_out(settings.recommender)
    divided, problems = None, []
    try:
        check_usable(table, settings)
        divided = Divided(table, settings.split)
    except UnusableList as exc:
        problems.append(str(exc))
    reasons = rejected_of(table)
    rejected = sum(of.count for of in reasons.values())
    rows = divided.order if divided else ()
    return RatingsReport(
        path=path,
        rows=table.rows,
        accepted=table.rows - rejected,
        rejected=rejected,
        reasons={reason: of.count for reason, of in reasons.items()},
        first={reason: of.first for reason, of in reasons.items()},
        users=len({table.user[row] for row in rows}),
        items=len({table.item[row] for row in rows}),
        train=divided.train if divided else 0,
        validation=divided.validation if divided else 0,
        test=divided.test if divided else 0,
        by_time=divided.by_time if divided else False,
        problems=problems,
    )


def check_usable(table: Table, settings: Settings) -> None:
    """Raise UnusableList where too few rows are left; what settings leave out is no fault."""
    accepted = any(True for _ in table.accepted())
    if accepted and settings.tolerance.allows(table.faults, table.rows):
        return
    if not table.rows:
        raise UnusableList("the ratings file has a header and no rows")
    reasons = rejected_of(table)
    counts = ", ".join(f"{reason} {of.count:,}" for reason, of in list(reasons.items())[:4])
    first = min((of.first[0] for of in reasons.values()), key=lambda reject: reject.line)
    verdict = (
        f"{table.faults:,} of {table.rows:,} rows are no ratings, above the tolerated share of "
        f"{settings.tolerance.rejected:g} (tolerance.rejected)"
        if accepted
        else f"none of the {table.rows:,} rows can be used"
    )
    raise UnusableList(f"{verdict}: {counts}; first: line {first.line}: {first.detail}")


def rejected_of(table: Table) -> dict[Reason, Rejected]:
    """Return how many rows are rejected for each reason; the file is read once more."""
    return count_rejects(filter(None, map(reject_of, table.verdicts())))


def reject_of(verdict: RatingVerdict) -> Reject | None:
    """Return a verdict's line of rejects.jsonl, None for an accepted row."""
    if verdict.reason is None:
        return None
    return Reject(
        line=verdict.line,
        id=None,
        path=None,
        reason=verdict.reason,
        detail=verdict.detail or "",
        user=verdict.user,
        item=verdict.item,
    )
