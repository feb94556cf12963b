"""What stands when a run looks: who is champion, which run was judged last, whose list is newest.

The last list dropped decides. `newest.json` names its run, moved forward by each run that has a
usable list; a run that finds another one there is overtaken, unless that one failed.
"""

import logging
from collections.abc import Iterator
from typing import TypeVar

from tagline.aws.faults import Conflict
from tagline.aws.s3 import Bucket
from tagline.formats.document import UnreadableDocument
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.outcomes import Champion, Latest, Newest, Outcome, Status
from tagline.formats.owners import owns_run
from tagline.formats.plan import Plan
from tagline.formats.settings import Settings
from tagline.formats.steps import RunInput

_DECIDES_NOTHING = {Outcome.FAILED, Outcome.ROLLED_BACK}
P = TypeVar("P", Latest, Newest)
_DIGITS = 32  # S3: sequencers compare as text once the shorter one is filled up with zeros
_log = logging.getLogger(__name__)


class DamagedChampion(ValueError):
    """champion.json cannot be read, so that nobody can be compared with the champion."""


def find_champion(bucket: Bucket, dataset: str) -> Champion | None:
    """Return the champion of a dataset, None without one; raises DamagedChampion."""
    key = DatasetKeys(dataset).champion
    try:
        champion = bucket.get(key, Champion)
    except UnreadableDocument as exc:
        raise _damaged(bucket.uri(key), str(exc)) from exc
    if champion and not owns_run(dataset, champion.run):
        raise _damaged(bucket.uri(key), f"{champion.run[:60]!r} is no run of this dataset")
    return champion


def _damaged(uri: str, said: str) -> DamagedChampion:
    return DamagedChampion(
        f"The champion is unknown: {said}. Bring back an earlier version of {uri}, or delete it "
        "to start without a champion; then upload the list again"
    )


def judged(bucket: Bucket, dataset: str, champion: Champion | None) -> Iterator[Latest]:
    """Yield what a list of the same fingerprint would teach nothing new about.

    That is the champion, which serves, and the last challenger that did not beat it. A champion
    is in champion.json first and in latest.json a little later.
    """
    latest = _own(bucket, DatasetKeys(dataset).latest, Latest, dataset)
    if champion is not None:
        if latest is not None and latest.run == champion.run:
            yield latest
        elif plan := bucket.whole(RunKeys(champion.run).plan, Plan):
            yield Latest(run=champion.run, fingerprint=plan.fingerprint, outcome=Outcome.PROMOTED)
    if latest is not None and latest.outcome != Outcome.PROMOTED:
        yield latest


def claim(bucket: Bucket, event: RunInput, settings: Settings) -> str | None:
    """Make the run its dataset's newest; return the run whose list was dropped later instead.

    What holds for whichever model serves is kept of its settings.
    """
    key = DatasetKeys(event.dataset).newest
    mine = Newest(
        run=event.run,
        started=event.started,
        sequencer=event.sequencer,
        thresholds=settings.thresholds,
        edge=settings.edge,
    )
    while True:
        head = bucket.head(key)
        newest = _newest(bucket, event.dataset) if head else None
        if newest and newest.run == event.run:
            return None
        if newest and _rank(newest) > _rank(mine) and _decides(bucket, newest.run):
            return newest.run
        try:
            bucket.write_over(key, mine, head.etag if head else None)
        except Conflict:
            continue  # another run of the dataset was faster: look again
        return None


def overtaken_by(bucket: Bucket, run: str) -> str | None:
    """Return the run of a list that was dropped after this run's, and that decides."""
    newest = _newest(bucket, RunKeys(run).dataset)
    if newest is None or newest.run == run or not _decides(bucket, newest.run):
        return None
    return newest.run


def _own(bucket: Bucket, key: str, kind: type[P], dataset: str) -> P | None:
    """Return a document that names a run; another dataset's counts as absent, with a warning."""
    found = bucket.whole(key, kind)
    if found is None or owns_run(dataset, found.run):
        return found
    _log.warning("Taken as absent: %s: run %.80r is not dataset %s's", key, found.run, dataset)
    return None


def _newest(bucket: Bucket, dataset: str) -> Newest | None:
    return _own(bucket, DatasetKeys(dataset).newest, Newest, dataset)


def _decides(bucket: Bucket, run: str) -> bool:
    """Return whether a run goes on, or ended otherwise than by a failure."""
    status = bucket.whole(RunKeys(run).status, Status)
    return status is None or status.outcome not in _DECIDES_NOTHING


def _rank(newest: Newest) -> tuple[str, str]:
    """Return what orders runs by when their lists were dropped; of equals the later claim wins."""
    return newest.started.rstrip("Z"), newest.sequencer.ljust(_DIGITS, "0")
