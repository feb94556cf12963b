"""PlanBatch: a dropped list becomes shards of images, line by line: no list is held in memory."""

import tempfile
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tagline.api.images import MAX_IMAGE_BYTES
from tagline.aws.s3 import JSON, JSON_LINES, Bucket
from tagline.batches.lines import ENDINGS, NamedPath, read_paths, read_users, said
from tagline.formats.batch_keys import BatchKeys, BatchList
from tagline.formats.batch_steps import BatchInput, BatchPlanAnswer
from tagline.formats.batches import BatchItem, BatchPlan, BatchShard
from tagline.formats.document import encode, encode_record
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.kinds import Kind
from tagline.formats.locations import Location
from tagline.formats.owners import check_champion
from tagline.formats.packed import PackedDataset
from tagline.formats.reasons import Reason, UnusableList
from tagline.listing.sources import BadLocation, Source
from tagline.planning.inputs import read_companions, read_list
from tagline.planning.inventory import Found, Unlistable, explained
from tagline.planning.standing import find_champion

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SHARD_IMAGES = 500
_WRITERS = 8
_AHEAD = 32  # shards on their way to S3


class NoChampion(RuntimeError):
    """Nobody can tag the dataset's images yet."""


def plan_batch(
    event: BatchInput,
    client: "S3Client",
    stack: str,
    source_buckets: Collection[str],
    seconds_left: Callable[[], float],
) -> BatchPlanAnswer:
    """Leave the batch's shards and their list, then its plan.

    Raises NoChampion, InvalidSettings or UnusableList with a sentence for the list's owner.
    """
    bucket, keys = Bucket(client, event.bucket), BatchKeys(event.batch)
    dataset = DatasetKeys(event.dataset)
    champion = find_champion(bucket, event.dataset)
    if champion is None:
        raise NoChampion(
            f"dataset {event.dataset} has no champion to tag by: drop a list of labelled images "
            f"under {dataset.lists}, or ratings, then this one again"
        )
    check_champion(champion, event.dataset, event.bucket, stack)
    ratings = champion.kind is Kind.RATINGS
    labels = () if ratings else _labels(bucket, champion.run)
    settings, _ = read_companions(bucket, dataset)
    source = Source.of_dataset(event.dataset, event.bucket, settings.source, source_buckets)
    count = _Count()
    with tempfile.TemporaryFile() as spool:
        read_list(event.list, bucket, spool)
        form = BatchList.of(event.list.key).kind
        if ratings:
            found = _users(read_users(spool, form), count)
        else:
            found = _items(read_paths(spool, form), client, source, count)
        shards = _write(bucket, keys, count.over(found), seconds_left)
    if not shards:
        wanted = "users: one" if ratings else "images: a path or a prefix"
        raise UnusableList(f"the list names no {wanted} a line is wanted")
    bucket.put(keys.shards, encode(shards), JSON)
    plan = BatchPlan(
        batch=event.batch,
        dataset=event.dataset,
        bucket=event.bucket,
        list=event.list,
        started=event.started,
        run=champion.run,
        kind=champion.kind,
        labels=labels,
        lines=count.lines,
        images=count.images,
        rejected=count.rejected,
        shards=len(shards),
    )
    bucket.write(keys.plan, plan)
    return BatchPlanAnswer(
        images=plan.images, rejected=plan.rejected, shards=plan.shards, shards_key=keys.shards
    )


def _labels(bucket: Bucket, run: str) -> tuple[str, ...]:
    return bucket.read(RunKeys(run).packed_dataset, PackedDataset).labels


class _Count:
    """What has come by so far."""

    lines = images = rejected = 0

    def over(self, items: Iterator[BatchItem]) -> Iterator[BatchItem]:
        for item in items:
            self.images += 1
            self.rejected += item.reason is not None
            yield item


def _items(
    named: Iterator[NamedPath], client: "S3Client", source: Source, count: _Count
) -> Iterator[BatchItem]:
    """Yield the images that lines name, numbered in order, and the lines that name none."""
    number = 0
    for one in named:
        count.lines += 1
        for path, location, fault in _images(one, client, source):
            number += 1
            reason, detail = fault or (None, "")
            place = location if location and reason is None else Location("", "")
            yield BatchItem(
                number=number,
                line=one.line,
                path=path,
                bucket=place.bucket,
                key=place.key,
                reason=reason,
                detail=detail,
            )


def _users(named: Iterator[NamedPath], count: _Count) -> Iterator[BatchItem]:
    """Yield the users that lines name, numbered in order, and the lines that name none."""
    for number, one in enumerate(named, 1):
        count.lines += 1
        yield BatchItem(
            number=number, line=one.line, path=one.path, reason=one.reason, detail=said(one)
        )


_Image = tuple[str, Location | None, tuple[Reason, str] | None]


def _images(named: NamedPath, client: "S3Client", source: Source) -> Iterator[_Image]:
    """Yield what one line names: an image's path and place, or why there is none."""
    if named.reason is not None:
        yield named.path, None, (named.reason, said(named))
        return
    try:
        if named.path.endswith(("/", "*")):
            yield from _below(named.path, client, source)
        else:
            yield named.path, source.resolve(named.path), None
    except (BadLocation, Unlistable) as exc:
        yield named.path, None, (exc.reason, exc.detail)


def _below(path: str, client: "S3Client", source: Source) -> Iterator[_Image]:
    """Yield the images below a prefix, in key order; a fault of the line where there are none."""
    prefix = source.resolve_prefix(path.removesuffix("*"))
    objects = Bucket(client, prefix.bucket).objects(prefix.key)
    none = True
    try:
        for item in objects:
            if not item["Key"].lower().endswith(ENDINGS):
                continue
            none = False
            place = Location(prefix.bucket, item["Key"])
            yield source.path_of(place), place, _fault_of(Found.of(item))
    except ClientError as exc:
        raise explained(exc, prefix.bucket, prefix.key) from exc
    if none:
        said = f"no key below {prefix.uri} ends in {', '.join(ENDINGS)}"
        yield path, None, (Reason.MISSING_OBJECT, said)


def _fault_of(found: Found) -> tuple[Reason, str] | None:
    if found.size > MAX_IMAGE_BYTES:
        said = f"{found.size:,} bytes; at most {MAX_IMAGE_BYTES:,} are tagged"
        return Reason.OBJECT_TOO_LARGE, said
    return found.fault()


def _write(
    bucket: Bucket,
    keys: BatchKeys,
    items: Iterator[BatchItem],
    seconds_left: Callable[[], float],
) -> list[BatchShard]:
    """Leave the items in shards, several on their way at a time; return the shards in order."""

    def write(number: int, part: tuple[BatchItem, ...]) -> BatchShard:
        shard = f"{number:06d}"
        bucket.put(keys.shard_items(shard), b"".join(map(encode_record, part)), JSON_LINES)
        return BatchShard(shard=shard, images=len(part))

    shards: list[BatchShard] = []
    parts = enumerate(iter(lambda: tuple(islice(items, SHARD_IMAGES)), ()))
    with ThreadPoolExecutor(_WRITERS) as pool:
        while some := list(islice(parts, _AHEAD)):
            shards += pool.map(lambda numbered: write(*numbered), some)
            if seconds_left() < 0:
                raise UnusableList(
                    f"the list has more than {len(shards) * SHARD_IMAGES:,} images, which is all "
                    "that can be planned in one go: split it into several"
                )
    return shards
