"""The newest list of a dataset with its corrections merged in, and what became of each."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from botocore.exceptions import ClientError

from tagline.aws.faults import Absent, error_code
from tagline.aws.partitions import read_raw
from tagline.aws.s3 import Bucket
from tagline.feedback.finding import packed_runs
from tagline.feedback.merging import Merger, Outcome, Written
from tagline.feedback.reading import Entry
from tagline.feedback.truths import Truths, fold, places, statements
from tagline.formats.document import decode_record
from tagline.formats.feedback_keys import FeedbackKeys
from tagline.formats.keys import RunKeys
from tagline.formats.locations import Location
from tagline.formats.merged import Merged, Merging
from tagline.formats.plan import Plan
from tagline.formats.rows import Verdict
from tagline.formats.tasks import Task
from tagline.listing.sources import BadLocation, Source
from tagline.listing.survey import survey_list

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_HASH = re.compile(rb'"sha256":"([0-9a-f]{64})"')
_DENIED = {"403", "AccessDenied", "NoSuchBucket"}


class Result(NamedTuple):
    """What merging came to, and the verdict on each correction."""

    merged: Merged
    verdicts: Sequence[Merging]


def merge_into(
    stream: BinaryIO,
    out: Written,
    entries: Sequence[Entry],
    plan: Plan,
    *,
    bucket: Bucket,
    source: Source,
    is_there: Callable[[Location], bool],
) -> Result:
    """Write the list of a plan, which `stream` holds, with corrections merged in."""
    survey = survey_list(stream, plan.labels, plan.task.value)
    same = rows_of_hashes(bucket, plan, source, entries)
    task = Task.SINGLE if survey.classes else plan.task
    truths = fold(entries, plan.labels, same, task)
    done = Merger(survey, source, plan.labels, truths).merge(stream, out, is_there)
    verdicts = [_verdict(number, entry, truths, done, same) for number, entry in enumerate(entries)]
    merged = Merged(
        dataset=plan.dataset,
        list=plan.list,
        sha256=done.sha256,
        by="person",
        at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        through=entries[-1].key if entries else "",
        corrections=len(entries),
        verdicts={kind: verdicts.count(kind) for kind in Merging if kind in verdicts},
        conflicts=truths.conflicts,
        unknown=truths.unknown,
        rows_changed=done.changed,
        rows_added=done.added,
        labels=done.labels,
        rows=done.rows,
    )
    return Result(merged, verdicts)


def exists(client: "S3Client", place: Location) -> bool:
    """Tell whether there is an object, as far as the caller may know."""
    try:
        found = Bucket(client, place.bucket).page(place.key, "", 1)
    except ClientError as exc:
        if error_code(exc) in _DENIED:
            return False
        raise
    return any(item["Key"] == place.key for item in found.get("Contents", ()))


def rows_of_hashes(
    bucket: Bucket, plan: Plan, source: Source, entries: Sequence[Entry]
) -> dict[str, list[str]]:
    """Return the places of rows that show an image which was sent along, by where it is kept."""
    kept = Location(bucket.name, FeedbackKeys(plan.dataset).images).uri
    wanted = {
        entry.correction.image.sha256.encode(): entry.correction.image.s3_uri
        for entry in entries
        if entry.correction
        and entry.correction.image.sha256
        and entry.correction.image.s3_uri.startswith(kept)
    }
    found: dict[str, list[str]] = {}
    for run in packed_runs(bucket, plan) if wanted else ():
        try:
            for line in read_raw(bucket, RunKeys(run).verdicts):
                match = _HASH.search(line)
                if match and (place := wanted.get(match[1])):
                    row = _place(decode_record(line, Verdict, RunKeys(run).verdicts), source)
                    if row:
                        found.setdefault(place, []).append(row)
        except Absent:
            continue
        break
    return found


def _place(verdict: Verdict, source: Source) -> str | None:
    try:
        return source.resolve(verdict.path or "").uri
    except BadLocation:
        return None


def _verdict(
    number: int, entry: Entry, truths: Truths, done: Outcome, same: dict[str, list[str]]
) -> Merging:
    if entry.correction is None:
        return Merging.UNREADABLE
    if done.by[number]:
        return Merging.CHANGED
    where = places(entry.correction, same)
    said = truths.images.get(where[0], {})
    known = [(label, has) for label, has in statements(entry.correction) if label in said]
    if not known:
        return Merging.UNKNOWN_LABEL
    if all(said[label].has != has for label, has in known):
        return Merging.OVERRULED
    kinds = {
        Merging.NEW_ROW: done.made,
        Merging.NO_IMAGE: done.gone,
        Merging.NO_TAGS: done.untold,
    }
    found = (kind for kind, theirs in kinds.items() if theirs.intersection(where))
    return next(found, Merging.AGREES)
