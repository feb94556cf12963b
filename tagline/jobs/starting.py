"""The file of weights that a training job is handed to start from."""

from typing import NamedTuple

from tagline.aws.faults import Absent
from tagline.aws.partitions import read_records
from tagline.aws.s3 import Bucket
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.learned import recalled
from tagline.formats.outcomes import Champion
from tagline.formats.owners import check_champion
from tagline.formats.plan import Plan
from tagline.formats.rows import IndexedImage, Side, Verdict
from tagline.formats.settings import AUTO, FEW_IMAGES, Settings
from tagline.settings.starts import STARTER_NETWORKS

_FEW_SEEN = 15_000  # images over all epochs, below which a champion is known to be worth it


class Weights(NamedTuple):
    """The S3 URI of the file to start from, if any, and why it is not the champion's, if asked."""

    uri: str | None
    without: str | None = None


def starts_learned(settings: Settings, images: int) -> bool:
    """Return whether a training on so many images begins with features that are learned."""
    wanted = settings.training.start_from
    if wanted in (AUTO, "starter"):
        few = wanted != AUTO or images < FEW_IMAGES
        return few and settings.training.network in {AUTO, *STARTER_NETWORKS}
    return wanted != "none"


def weights_to_start_from(
    bucket: Bucket, keys: RunKeys, settings: Settings, stack: str, *, seen: int
) -> Weights:
    """Return a person's file or the champion's model, where one of them is needed.

    `seen` are the images that the training will see over all epochs: where they are few, `auto`
    goes on from the champion. One that learned from images that are to judge its successor, or from
    near-copies of them, is none to start from: it would remember them. Raises UnreadableDocument.
    """
    wanted = settings.training.start_from
    own = settings.training.algorithm == "ours" and settings.training.script is None
    if not own:  # others start from nothing, or from what they know of
        return Weights(None)
    if wanted.startswith("s3://"):
        return Weights(wanted)
    if wanted != "champion" and not (wanted == AUTO and seen < _FEW_SEEN):
        return Weights(None)
    champion = bucket.get(DatasetKeys(keys.dataset).champion, Champion)
    if champion is None:
        return Weights(None, None if wanted == AUTO else "there is no champion")
    check_champion(champion, keys.dataset, bucket.name, stack)
    doubt = _doubt(bucket, keys, RunKeys(champion.run), settings)
    if doubt:
        return Weights(None, f"the champion ({champion.run}) {doubt}")
    return Weights(champion.artifact)


def _doubt(bucket: Bucket, ours: RunKeys, theirs: RunKeys, settings: Settings) -> str | None:
    """Return why a champion of the run `theirs` may know what judges a model of `ours`.

    Where the lists of images are gone, the settings of the split have to do.
    """
    try:
        images = {
            image.line: image.image
            for image in read_records(bucket, ours.images, IndexedImage)
            if image.side is not Side.TRAIN
        }
        likenesses = {
            verdict.line: verdict.likeness
            for verdict in read_records(bucket, ours.verdicts, Verdict)
            if verdict.split not in (None, Side.TRAIN) and verdict.likeness
        }
        known = recalled(
            images,
            likenesses,
            read_records(bucket, theirs.images, IndexedImage),
            read_records(bucket, theirs.verdicts, Verdict),
        )
    except Absent:
        plan = bucket.get(theirs.plan, Plan)
        same = plan is not None and plan.settings.split.is_as(settings.split)
        return None if same else "is of another split, and what it learned from is not known"
    if not known:
        return None
    return f"learned from {len(known):,} image(s) that are to judge models now"
