"""The file of weights that a training job is handed to start from."""

from tagline.aws.s3 import Bucket
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.outcomes import Champion
from tagline.formats.owners import check_champion
from tagline.formats.plan import Plan
from tagline.formats.settings import AUTO, FEW_IMAGES, Settings
from tagline.settings.starts import STARTER_NETWORKS

_FEW_SEEN = 15_000  # images over all epochs, below which a champion is known to be worth it


def starts_learned(settings: Settings, images: int) -> bool:
    """Return whether a training on so many images begins with features that are learned."""
    wanted = settings.training.start_from
    if wanted in (AUTO, "starter"):
        few = wanted != AUTO or images < FEW_IMAGES
        return few and settings.training.network in {AUTO, *STARTER_NETWORKS}
    return wanted != "none"


def weights_to_start_from(
    bucket: Bucket, keys: RunKeys, settings: Settings, stack: str, *, seen: int
) -> str | None:
    """Return the S3 URI of a person's file or of the champion's model; None where none is needed.

    `seen` are the images that the training will see over all epochs: where they are few, `auto`
    goes on from the champion. A champion of another split may have learned from images that are
    to judge its successor, who would remember them: it is none to start from. Raises
    UnreadableDocument.
    """
    wanted = settings.training.start_from
    if wanted.startswith("s3://"):
        return wanted
    if wanted != "champion" and not (wanted == AUTO and seen < _FEW_SEEN):
        return None
    champion = bucket.get(DatasetKeys(keys.dataset).champion, Champion)
    if champion is None:
        return None
    check_champion(champion, keys.dataset, bucket.name, stack)
    plan = bucket.get(RunKeys(champion.run).plan, Plan)
    if plan is None or plan.settings.split != settings.split:
        return None
    return champion.artifact
