"""Which runs keep their large files: the last few, the last champions, and whatever is in use.

The others' packed sets, checkpoints and models are marked by a tag, which a rule of the bucket lets
expire. Documents, reports and lists stay: they are small, and they tell what was.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError
from msgspec.structs import replace

from tagline.aws.faults import Conflict
from tagline.aws.observability import logger
from tagline.aws.s3 import Bucket
from tagline.formats.document import UnreadableDocument
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.names import job_name
from tagline.formats.outcomes import Champion, Ending, Kept, Latest, Leaving, Newest, Outcome
from tagline.formats.packed import CHANNELS, PackedRuns
from tagline.formats.ratings_keys import RatingsRunKeys
from tagline.formats.rows import Side

RUNS, CHAMPIONS = 5, 3
# A run takes 30 days at most: one that goes on may read what an earlier one packed
GRACE = timedelta(days=31)
MARK = ("tagline", "superseded")  # the rule's in template.yaml
_MADE_NOTHING = {Outcome.UNCHANGED, Outcome.REDEPLOYED}
_ATTEMPTS = 5


def keep(bucket: Bucket, run: str, ending: Ending, stack: str) -> None:
    """Count a run that ended among those kept, and mark what is kept no longer.

    What goes wrong is logged and nothing else: the next run's end does it.
    """
    if ending.outcome in _MADE_NOTHING:
        return
    try:
        _keep(bucket, run, stack, promoted=ending.outcome == Outcome.PROMOTED)
    except (ClientError, BotoCoreError, Conflict, UnreadableDocument) as exc:
        logger.warning("what is kept no longer was not marked", error=str(exc))


def _keep(bucket: Bucket, run: str, stack: str, *, promoted: bool) -> None:
    keys = DatasetKeys(RunKeys(run).dataset)
    for attempt in range(_ATTEMPTS):
        found = bucket.find(keys.kept, Kept)
        before, etag = (found.content, found.etag) if found else (Kept(), None)
        now = datetime.now(UTC)
        after = with_run(before, run, now, promoted=promoted)
        gone = expirable(after, now, in_use(bucket, keys)) if after.leaving else ()
        for each in gone:
            for key in _large_files(bucket, each.run, stack):
                bucket.tag(key, *MARK)
        left = tuple(each for each in after.leaving if each not in gone)
        try:
            bucket.write_over(keys.kept, replace(after, leaving=left), etag)
        except Conflict:
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return


def with_run(kept: Kept, run: str, now: datetime, *, promoted: bool) -> Kept:
    """Return what is kept once a run has ended; what it displaces is on its way out."""
    runs = _first(run, kept.runs)
    champions = _first(run, kept.champions) if promoted else kept.champions
    staying = {*runs[:RUNS], *champions[:CHAMPIONS]}
    since = now.isoformat(timespec="seconds").replace("+00:00", "Z")
    leaving = {each.run: each for each in kept.leaving}
    for each in (*runs[RUNS:], *champions[CHAMPIONS:]):
        leaving.setdefault(each, Leaving(run=each, since=since))
    return Kept(
        runs=runs[:RUNS],
        champions=champions[:CHAMPIONS],
        leaving=tuple(each for each in leaving.values() if each.run not in staying),
    )


def expirable(kept: Kept, now: datetime, needed: frozenset[str]) -> tuple[Leaving, ...]:
    """Return those that no run can use any more."""
    return tuple(
        each
        for each in kept.leaving
        if each.run not in needed and now - datetime.fromisoformat(each.since) >= GRACE
    )


def in_use(bucket: Bucket, keys: DatasetKeys) -> frozenset[str]:
    """Return the runs that a dataset's documents name; raises UnreadableDocument."""
    named: set[str | None] = set()
    if champion := bucket.get(keys.champion, Champion):
        named |= {champion.run, champion.previous}
    if packed := bucket.get(keys.packed_run, PackedRuns):
        named |= {packed.run, *packed.before}
    if latest := bucket.get(keys.latest, Latest):
        named.add(latest.run)
    if newest := bucket.get(keys.newest, Newest):
        named.add(newest.run)
    return frozenset(name for name in named if name)


def _first(run: str, runs: tuple[str, ...]) -> tuple[str, ...]:
    return (run, *(each for each in runs if each != run))


def _large_files(bucket: Bucket, run: str, stack: str) -> Iterator[str]:
    """Yield the keys of a run's packed set, checkpoints, captured answers and models.

    Models of a search under a stack of more than ten characters are not told by their names, and
    stay.
    """
    keys = RunKeys(run)
    for channel in CHANNELS.values():
        yield from bucket.keys(keys.packed(channel).removesuffix(".rec"))  # one file or several
    of_ratings = RatingsRunKeys(run)
    for side in Side:
        yield from bucket.keys(of_ratings.ratings(side))
    yield from bucket.keys(keys.checkpoints)
    yield from bucket.keys(keys.captured)
    jobs = job_name(stack, run, "")
    yield from bucket.keys(f"{DatasetKeys(keys.dataset).output}{jobs}")
