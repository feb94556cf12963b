"""Which of a plan's images an earlier run has packed already, so that nobody fetches them again."""

import logging
from dataclasses import dataclass

from tagline.aws.faults import Absent
from tagline.aws.s3 import Bucket
from tagline.formats.document import UnreadableDocument
from tagline.formats.image_index import PACKING
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.owners import check_run
from tagline.formats.packed import CHANNELS, PackedDataset, PackedRuns
from tagline.formats.pictures import Seen
from tagline.formats.plan import Reuse
from tagline.formats.settings import AUTO, ImageSettings
from tagline.planning.store import Store

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reused:
    """How many of a plan's images an earlier run has packed, and which one."""

    images: int = 0
    reuse: Reuse | None = None
    packed_before: tuple[str, ...] = ()
    """The runs that packed the dataset last, newest first."""
    seen: Seen | None = None


def mark_reusable(
    bucket: Bucket, runs: tuple[str, ...], image: ImageSettings, store: Store
) -> Reused:
    """Mark the rows whose image, in the very version that is planned, is in an earlier packed set.

    Of the sets that `runs` packed, the one that has most of them. A set counts where it is
    complete, lies in the bucket, and was made with the same image settings and PACKING. The colour
    of `background: auto` stays with the records; where they are less than half of the plan's it is
    chosen anew.
    """
    best = Reused(packed_before=runs)
    for run in runs:
        keys = RunKeys(run)
        packed = _packed_set(bucket, keys, image)
        if packed is None:
            continue
        images = _look_up(bucket, keys, store)
        if images > best.images:
            best = Reused(
                images,
                Reuse(
                    run=run,
                    packing=PACKING,
                    sha256={
                        channel: digest
                        for side, channel in CHANNELS.items()
                        if (digest := getattr(packed.sha256, side))
                    },
                    background=packed.background if image.background == AUTO else None,
                ),
                runs,
                Seen(run=run, lost=packed.lost, near_copies=packed.near_copies),
            )
        if best.images == len(store):
            break
    if image.background == AUTO and 2 * best.images < len(store):
        return Reused(packed_before=runs)
    if best.reuse is not None:
        store.reuse(best.reuse.run)
    return best


def packed_runs(bucket: Bucket, dataset: DatasetKeys) -> tuple[str, ...]:
    """Return the runs that packed the dataset last, newest first."""
    try:
        pointer = bucket.find(dataset.packed_run, PackedRuns)
        runs = (pointer.content.run, *pointer.content.before) if pointer else ()
        for run in runs:
            check_run(dataset.dataset, run, bucket.uri(dataset.packed_run))
    except UnreadableDocument as exc:
        _log.warning("No image of an earlier run is reused: %s", exc)
        return ()
    return runs


def _packed_set(bucket: Bucket, keys: RunKeys, image: ImageSettings) -> PackedDataset | None:
    """Return what a run packed if it is whole and made as this plan's would be."""
    try:
        found = bucket.find(keys.packed_dataset, PackedDataset)
    except UnreadableDocument as exc:
        _warn(keys, exc)
        return None
    if found is None:
        return None
    packed = found.content
    if packed.packing != PACKING or not _made_as(packed, image):
        return None
    for side, channel in CHANNELS.items():
        for file in packed.record_files(side):
            head = bucket.head(f"{keys.packed_folder(channel)}{file.name}")
            if head is None or head.size != file.bytes:
                return None
    return packed


def _made_as(packed: PackedDataset, image: ImageSettings) -> bool:
    """Return whether a set was made with these settings; `auto` takes what was chosen by it."""
    if image.background != AUTO:
        return packed.image == image.on(image.background)
    return packed.background is not None and packed.image == image.on(packed.background.colour)


def _look_up(bucket: Bucket, keys: RunKeys, store: Store) -> int:
    """Return how many of the plan's images the run's record files hold.

    None, with a warning, where the run's index or rejects are not what a run leaves: then every
    image is fetched.
    """
    try:
        return store.look_up(bucket, keys)
    except (Absent, UnreadableDocument) as exc:
        _warn(keys, exc)
        return 0


def _warn(keys: RunKeys, exc: Exception) -> None:
    _log.warning("No image of run %s is reused: %s", keys.run, exc)
