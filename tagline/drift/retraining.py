"""A run of the newest list, though nothing in it changed: its list is written anew, as it was."""

from tagline.aws.s3 import Bucket
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.outcomes import Newest
from tagline.formats.plan import TRAIN_ANYWAY, Plan


class NothingToTrain(RuntimeError):
    """A dataset has no list that could be run once more."""


def run_again(bucket: Bucket, dataset: str, why: str) -> str:
    """Write the newest list over itself, marked to be trained anyway; returns its key.

    The version's event starts the run, as any list's does. Raises NothingToTrain.
    """
    newest = bucket.get(DatasetKeys(dataset).newest, Newest)
    plan = bucket.get(RunKeys(newest.run).plan, Plan) if newest else None
    if plan is None:
        raise NothingToTrain(f"dataset {dataset} has no planned run whose list could be run again")
    bucket.write_again(plan.list.key, {TRAIN_ANYWAY: why})
    return plan.list.key
