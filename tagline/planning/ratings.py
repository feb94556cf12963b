"""PlanDataset of ratings: every row accounted for, the sides, the histories, dataset.json.

Nothing has to be fetched or packed after that: what training reads is whole when the plan is.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO, TYPE_CHECKING, Self

from tagline.aws.faults import TooLarge
from tagline.aws.s3 import CSV, FORMAT, GZIP, JSON_LINES, Bucket
from tagline.formats.document import encode_record
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.kinds import Kind
from tagline.formats.owners import check_kind_of
from tagline.formats.packed import BySide, Digests
from tagline.formats.plan import Plan
from tagline.formats.ratings import RatingsDataset, RatingVerdict
from tagline.formats.ratings_keys import MAX_ITEMS_BYTES, RatingsKeys, RatingsRunKeys
from tagline.formats.reasons import Reason, UnusableList
from tagline.formats.rows import Reject, Rejected, Side, count_rejects
from tagline.formats.settings import Settings
from tagline.formats.steps import PlanAnswer, RunInput
from tagline.planning import standing
from tagline.planning.fingerprint import ratings_fingerprint
from tagline.planning.inputs import read_list, read_settings, tried_with
from tagline.planning.taking import take
from tagline.ratings.channels import Written
from tagline.ratings.sides import Divided
from tagline.ratings.table import Table
from tagline.ratings.titles import read_titles
from tagline.settings.kinds import check_kind

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_WRITERS = 8


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
            _check(table, settings)
            divided = Divided(table, settings.split)
        except UnusableList:
            _leave_verdicts(bucket, run, table, whole=False)
            raise
        with _Drawn(table, divided, titles, event.run) as drawn:
            mark = ratings_fingerprint(settings, [*drawn.content.values(), drawn.items_sha256])
            taken = take(
                bucket,
                event,
                version,
                mark,
                tried=tried,
                what="ratings, items and settings",
                thresholds={},
            )
            reasons = _leave_verdicts(bucket, run, table, whole=True)
            rejected = sum(of.count for of in reasons.values())
            if taken.trains:
                drawn.leave(bucket)
                dataset = drawn.dataset(mark, table.rows, rejected, reasons)
                bucket.write(run.packed_dataset, dataset)
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


def _check(table: Table, settings: Settings) -> None:
    """Raise UnusableList where too few rows are left; what settings leave out is no fault."""
    accepted = any(True for _ in table.accepted())
    if accepted and settings.tolerance.allows(table.faults, table.rows):
        return
    reasons = count_rejects(filter(None, map(_reject, table.verdicts())))
    counts = ", ".join(f"{reason} {of.count:,}" for reason, of in list(reasons.items())[:4])
    first = min((of.first[0] for of in reasons.values()), key=lambda reject: reject.line)
    verdict = (
        f"{table.faults:,} of {table.rows:,} rows are no ratings, above the tolerated share of "
        f"{settings.tolerance.rejected:g} (tolerance.rejected)"
        if accepted
        else f"none of the {table.rows:,} rows can be used"
    )
    raise UnusableList(f"{verdict}: {counts}; first: line {first.line}: {first.detail}")


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
        if reject := _reject(verdict):
            rejects.write(encode_record(reject))
            yield reject


def _reject(verdict: RatingVerdict) -> Reject | None:
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


class _Drawn:
    """The channels of a run, written to disk; uploaded once it is known that they are needed."""

    def __init__(self, table: Table, divided: Divided, titles: dict[str, str], run: str) -> None:
        self._divided, self._titles, self._run = divided, titles, run
        self._keys = RatingsRunKeys(run)
        self._table = table
        self._files = {side: tempfile.TemporaryFile() for side in Side}  # noqa: SIM115 - __exit__
        self.written = Written(table, divided)
        self.content = {side: self.written.write_side(side, to) for side, to in self._files.items()}
        self._items = self.written.items_file(titles)
        self.items_sha256 = hashlib.sha256(self._items).hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()

    def leave(self, bucket: Bucket) -> None:
        """Upload the sides, the items and the histories."""
        for side, file in self._files.items():
            file.seek(0)
            bucket.upload(file, self._keys.ratings(side), GZIP)
        bucket.put(self._keys.items, self._items, CSV)
        with ThreadPoolExecutor(_WRITERS) as pool:
            for done in [
                pool.submit(bucket.put, self._keys.histories(number), body, GZIP)
                for number, body in self.written.histories()
            ]:
                done.result()

    def dataset(
        self, mark: str, rows: int, rejected: int, reasons: dict[Reason, Rejected]
    ) -> RatingsDataset:
        """Return dataset.json."""
        divided, order = self._divided, self._divided.order
        times = [self._table.time[order[0]], self._table.time[order[-1]]]
        return RatingsDataset(
            run=self._run,
            fingerprint=mark,
            rows=rows,
            accepted=len(order),
            rejected=rejected,
            train=divided.train,
            validation=divided.validation,
            test=divided.test,
            users=self.written.users,
            items=len(self.written.items),
            titles=self.written.titled(self._titles),
            by_time=divided.by_time,
            first=times[0] if divided.by_time else None,
            last=times[1] if divided.by_time else None,
            partitions=self.written.partitions,
            sha256=Digests(**{side.value: _sha256(file) for side, file in self._files.items()}),
            bytes=BySide(**{side.value: _size(file) for side, file in self._files.items()}),
            reasons=reasons,
        )


def _sha256(file: IO[bytes]) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def _size(file: IO[bytes]) -> int:
    return file.seek(0, os.SEEK_END)
