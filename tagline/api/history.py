"""A dataset's past: who served since when and until when, and which lists started which runs."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from heapq import nlargest
from itertools import chain

import msgspec

from tagline.api.bucket import DataBucket
from tagline.api.history_documents import (
    ChampionHistory,
    ChampionReign,
    ListDropped,
    Lists,
    OrderShown,
)
from tagline.formats.document import UnreadableDocument
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.models import Metrics
from tagline.formats.names import InvalidName, run_name
from tagline.formats.outcomes import Champion, Order, Status
from tagline.formats.owners import check_run, owns_run
from tagline.formats.ratings_keys import RatingsKeys
from tagline.serving.ordering import OrderRefused, check_order

_READERS = 16
_MOST_LISTS = 50


def champions(bucket: DataBucket, dataset: str, stack: str) -> ChampionHistory:
    """Return who served a dataset, newest first, each with what keeps it from serving again.

    A champion.json of an older version knows the one before alone. Raises UnreadableDocument where
    it is damaged.
    """
    champion = bucket.get(DatasetKeys(dataset).champion, Champion)
    if champion:
        check_run(dataset, champion.run, bucket.uri(DatasetKeys(dataset).champion))
    reigns = list(_reigns(bucket, dataset, champion)) if champion else []

    def judged(reign: ChampionReign) -> ChampionReign:
        said = _obstacle(bucket, reign.run, champion, stack)
        return msgspec.structs.replace(reign, obstacle=said)

    with ThreadPoolExecutor(_READERS) as pool:
        return ChampionHistory(dataset=dataset, champions=list(pool.map(judged, reigns)))


def lists(bucket: DataBucket, dataset: str) -> Lists:
    """Return the lists of a dataset that were dropped last, newest first."""
    prefixes = (DatasetKeys(dataset).lists, RatingsKeys(dataset).ratings)

    def found() -> Iterator[tuple[str, str, str]]:
        for version in chain.from_iterable(map(bucket.versions, prefixes)):
            with suppress(InvalidName):  # no list
                run = run_name(bucket.name, version.key, version.version_id, version.etag)
                name = version.key.rpartition("/")[2]
                yield f"{version.written:%Y-%m-%dT%H:%M:%SZ}", name, run

    newest = nlargest(_MOST_LISTS, found())
    return Lists(
        dataset=dataset,
        lists=[ListDropped(name=name, run=run, dropped=at) for at, name, run in newest],
    )


def _reigns(bucket: DataBucket, dataset: str, champion: Champion) -> Iterator[ChampionReign]:
    yield _reign(champion.run, champion, champion.created, None, champion.order)
    for each in champion.before:
        if owns_run(dataset, each.run):
            yield _reign(each.run, each, each.since, each.until, each.order)
    if not champion.before and champion.previous and owns_run(dataset, champion.previous):
        keys = RunKeys(champion.previous)
        status = bucket.get(keys.status, Status)
        metrics = bucket.metrics(keys)
        yield ChampionReign(
            run=keys.run,
            since=status.ended if status else None,
            until=champion.created,
            mAP=metrics.mAP if isinstance(metrics, Metrics) else None,
            metric=metrics.primary_metric if metrics else "mAP",
            value=metrics.value if metrics else None,
            reason=status.reason if status else None,
            order=_order(status.order) if status else None,
            obstacle=None,
        )


def _reign(
    run: str, told: object, since: str, until: str | None, order: Order | None
) -> ChampionReign:
    found = {name: getattr(told, name) for name in ("mAP", "reason", "metric", "value")}
    return ChampionReign(
        run=run, since=since, until=until, order=_order(order), obstacle=None, **found
    )


def _order(order: Order | None) -> OrderShown | None:
    return msgspec.convert(order, OrderShown | None, from_attributes=True)


def _obstacle(bucket: DataBucket, run: str, champion: Champion | None, stack: str) -> str | None:
    try:
        check_order(bucket, run, "rollback", champion, stack)
    except (OrderRefused, UnreadableDocument) as exc:
        return str(exc)
    return None
