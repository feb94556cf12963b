"""What FetchShards meets: Step Functions' limits, and S3's rate."""

import math
from collections.abc import Iterator

from tagline.scale import figures as f
from tagline.scale.checks import Check, check
from tagline.scale.load import Load

_LARGER_SHARDS = "split the list into several datasets"
_CALLS = int(f.GETS.value / f.FETCHED.value)  # that one prefix keeps busy


def fetch_checks(load: Load, seconds: float) -> Iterator[Check]:
    """Yield what FetchShards meets."""
    reads = load.fetching * f.FETCHED.value
    yield check(
        name="items of the map",
        needed=load.shards,
        limit=f.MAP_ITEMS.value,
        unit="items",
        mark="computed",
        source=f.MAP_ITEMS.source,
        cure=_LARGER_SHARDS,
    )
    yield check(
        name="map input",
        needed=load.shards * f.SHARD_ITEM.value,
        limit=f.MAP_INPUT.value,
        unit="bytes",
        mark="computed",
        source=f"{f.MAP_INPUT.source}; {f.SHARD_ITEM.source}",
        cure=_LARGER_SHARDS,
    )
    yield check(
        name="children at a time",
        needed=load.fetching,
        limit=f.CHILDREN.value,
        unit="children",
        mark="computed",
        source=f.CHILDREN.source,
        cure="a lower FetchConcurrency",
    )
    yield check(
        name="history",
        needed=f.HISTORY.value,
        limit=f.EVENTS.value,
        unit="events",
        mark=f.HISTORY.mark,
        source=f"{f.EVENTS.source}; {f.HISTORY.source}",
        cure="none is needed",
    )
    yield check(
        name="GET rate of a prefix",
        needed=reads,
        limit=f.GETS.value,
        unit="requests/s",
        mark=f.FETCHED.mark,
        source=f"{f.GETS.source}; {f.FETCHED.source}",
        cure=_of_prefixes(reads),
    )
    yield check(
        name="PUT rate of a prefix",
        needed=reads / load.shard_images * f.SHARD_FILES.value,
        limit=f.PUTS.value,
        unit="requests/s",
        mark=f.FETCHED.mark,
        source=f"{f.PUTS.source}; {f.SHARD_FILES.source}",
        cure="a lower FetchConcurrency",
    )
    yield check(
        name="run's time",
        needed=seconds,
        limit=f.RUN_SECONDS.value,
        unit="s",
        mark=f.FETCHED.mark,
        source=f.RUN_SECONDS.source,
        cure="a higher FetchConcurrency",
    )


def _of_prefixes(reads: float) -> str:
    needed = math.ceil(reads / f.GETS.value)
    if needed <= 1:
        return f"nothing to do; above FetchConcurrency={_CALLS} one prefix gives no more"
    return f"FetchConcurrency={_CALLS} or less, or images under {needed} prefixes, not one"
