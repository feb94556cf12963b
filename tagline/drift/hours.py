"""What containers counted within the last hours, read and put together."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from tagline.aws.observability import logger
from tagline.aws.s3 import Bucket
from tagline.drift.sums import summed
from tagline.formats.document import UnreadableDocument
from tagline.formats.drift import HOUR, Counts, HourCounts, HourImages
from tagline.formats.keys import DatasetKeys

_READERS = 16
_AT_ONCE = 256  # objects whose content is held


def hours_before(now: datetime, window: int) -> tuple[str, str]:
    """Return the first and the last hour of a window that ends with the one that goes on."""
    return (now - timedelta(hours=window - 1)).strftime(HOUR), now.strftime(HOUR)


def collected(
    bucket: Bucket, dataset: str, run: str, first: str, last: str
) -> tuple[Counts, tuple[HourImages, ...]]:
    """Return what was counted of a run from the first hour to the last, and the images of each."""
    keys = list(_keys(bucket, DatasetKeys(dataset), run, first, last))
    total = summed(run, ())
    images: dict[str, int] = {}
    with ThreadPoolExecutor(_READERS) as pool:
        for at in range(0, len(keys), _AT_ONCE):
            found = list(pool.map(lambda key: _read(bucket, key), keys[at : at + _AT_ONCE]))
            parts = [part for part in found if part is not None and part.run == run]
            total = summed(run, [total, *parts])
            for part in parts:
                images[part.hour] = images.get(part.hour, 0) + part.images
    hours = (HourImages(hour=hour, images=count) for hour, count in sorted(images.items()))
    return total, tuple(hours)


def _keys(bucket: Bucket, keys: DatasetKeys, run: str, first: str, last: str) -> Iterator[str]:
    for hour in bucket.folders(keys.drift_hours, _before(first)):
        if hour > last:
            return
        yield from bucket.keys(keys.drift_hour(hour, run).removesuffix(".json"))


def _before(hour: str) -> str:
    return (datetime.strptime(hour, HOUR) - timedelta(hours=1)).strftime(HOUR)  # noqa: DTZ007


def _read(bucket: Bucket, key: str) -> HourCounts | None:
    """Return a container's counts; one that cannot be read is left out, and said."""
    try:
        return bucket.get(key, HourCounts)
    except UnreadableDocument as exc:
        logger.warning("counts for drift are left out", error=str(exc))
        return None
