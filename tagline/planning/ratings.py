"""PlanDataset of ratings: every row accounted for, the sides, the histories, dataset.json.

Nothing has to be fetched or packed after that: what training reads is whole when the plan is.
"""

import tempfile
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

from tagline.aws.faults import TooLarge
from tagline.aws.s3 import FORMAT, JSON_LINES, Bucket
from tagline.formats.document import encode_record
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.kinds import Kind
from tagline.formats.owners import check_kind_of
from tagline.formats.plan import Plan
from tagline.formats.ratings import RatingVerdict
from tagline.formats.ratings_keys import MAX_ITEMS_BYTES, RatingsKeys
from tagline.formats.reasons import Reason, UnusableList
from tagline.formats.rows import Reject, Rejected, count_rejects
from tagline.formats.steps import PlanAnswer, RunInput
from tagline.planning import standing
from tagline.planning.drawing import Drawn
from tagline.planning.fingerprint import ratings_fingerprint
from tagline.planning.inputs import read_list, read_settings, tried_with
from tagline.planning.taking import take
from tagline.ratings.checking import check_usable, reject_of
from tagline.ratings.sides import Divided
from tagline.ratings.table import Table
from tagline.ratings.titles import read_titles
from tagline.settings.kinds import check_kind

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def plan_ratings(event: RunInput, client: "S3Client") -> PlanAnswer:
    """Plan a run of ratings and leave its files; the plan itself is written last.

    Raises UnusableList, InvalidSettings or DamagedChampion with a sentence for the owner of the
    ratings; rows rejected until then are left in the run's rejects.
    """
    bucket, run = Bucket(client, event.bucket), RunKeys(event.run)
    served = standing.find_champion(bucket, event.dataset)
    check_kind_of(served, Kind.RATINGS)
    tried = tried_with(event.list, bucket)
    settings = read_settings(bucket, DatasetKeys(event.dataset), tried)
    check_kind(settings, Kind.RATINGS)
    titles = _titles(bucket, RatingsKeys(event.dataset))
    with tempfile.TemporaryFile() as spool:
        version = read_list(event.list, bucket, spool)
        table = Table(spool)
        table.leave_out(settings.recommender)
        try:
            check_usable(table, settings)
            divided = Divided(table, settings.split)
        except UnusableList:
            _leave_verdicts(bucket, run, table, whole=False)
            raise
        with Drawn(table, divided, titles, event.run) as drawn:
            mark = ratings_fingerprint(settings, [*drawn.content.values(), drawn.items_sha256])
            taken = take(
                bucket,
                event,
                version,
                mark,
                tried=tried,
                what="ratings, items and settings",
                settings=settings,
            )
            reasons = _leave_verdicts(bucket, run, table, whole=True)
            rejected = sum(of.count for of in reasons.values())
            if taken.trains:
                drawn.leave(bucket)
                packed = drawn.dataset(mark, table.rows, rejected, reasons)
                bucket.write(run.packed_dataset, packed)
    plan = Plan(
        kind=Kind.RATINGS,
        run=event.run,
        dataset=event.dataset,
        bucket=event.bucket,
        list=version,
        fingerprint=mark,
        rows=table.rows,
        accepted=len(divided.order),
        rejected=rejected,
        train=divided.train,
        validation=divided.validation,
        test=divided.test,
        labels=(),
        positives={},
        users=drawn.written.users,
        items=len(drawn.written.items),
        settings=settings,
        shards=0,
        reasons=reasons,
        candidate=bool(tried),
        tried=tried,
        same_as=taken.same_as,
    )
    bucket.write(run.plan, plan)
    return PlanAnswer(
        kind=Kind.RATINGS,
        unchanged=taken.unchanged,
        reason=taken.reason,
        superseded=taken.overtaken is not None,
        rows=plan.rows,
        accepted=plan.accepted,
        rejected=plan.rejected,
        reused=0,
        train=plan.train,
        validation=plan.validation,
        test=plan.test,
        shards=0,
        shards_key=run.shards,
    )


def _titles(bucket: Bucket, keys: RatingsKeys) -> dict[str, str]:
    try:
        found = bucket.find_bytes(keys.items, MAX_ITEMS_BYTES)
    except TooLarge as exc:
        raise UnusableList(str(exc)) from exc
    return read_titles(found.content) if found else {}


def _leave_verdicts(
    bucket: Bucket, keys: RunKeys, table: Table, *, whole: bool
) -> dict[Reason, Rejected]:
    """Leave the rejects and, of ratings that are split, every verdict; return why rows stay out."""
    with tempfile.TemporaryFile() as all_rows, tempfile.TemporaryFile() as rejects:
        reasons = count_rejects(_written(table.verdicts(), all_rows if whole else None, rejects))
        for file, key in ((rejects, keys.rejects), *([(all_rows, keys.verdicts)] if whole else [])):
            file.seek(0)
            bucket.upload(file, key, JSON_LINES, metadata={FORMAT: "1"})
    return reasons


def _written(
    verdicts: Iterator[RatingVerdict], all_rows: IO[bytes] | None, rejects: IO[bytes]
) -> Iterator[Reject]:
    for verdict in verdicts:
        if all_rows is not None:
            all_rows.write(encode_record(verdict))
        if reject := reject_of(verdict):
            rejects.write(encode_record(reject))
            yield reject
