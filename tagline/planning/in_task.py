"""A plan in a container task: when it is made there, and what comes back to the flow."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from tagline.aws.s3 import Bucket
from tagline.formats.keys import RunKeys
from tagline.formats.reasons import UnusableList
from tagline.formats.steps import PlanAnswer, PlannedInTask, RunInput
from tagline.planning.plan import plan_dataset
from tagline.planning.room import Room, TooLargeHere
from tagline.planning.standing import DamagedChampion
from tagline.planning.store import Store
from tagline.settings import InvalidSettings
from tagline.split.memory import UnreadableSplit

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# what is wrong with a list, or what lies beside it: told by the function, whoever found it
_KINDS = (UnusableList, InvalidSettings, DamagedChampion, UnreadableSplit)
_TOLD = {kind.__name__: kind for kind in _KINDS}


def plan_here_or_in_task(
    event: RunInput, client: "S3Client", source_buckets: Collection[str], room: Room
) -> PlanAnswer:
    """Plan a run where there is room for it; else answer that a task has to, and read nothing.

    Raises what `plan_dataset` raises.
    """
    why = room.refusal(Bucket(client, event.bucket), event.dataset, event.list)
    if why is None:
        try:
            return plan_dataset(event, client, source_buckets, check=room.check)
        except TooLargeHere as exc:
            why = str(exc)
    return PlanAnswer(
        unchanged=False,
        reason=f"planned in a container task: {why}",
        rows=0,
        accepted=0,
        rejected=0,
        reused=0,
        train=0,
        validation=0,
        shards=0,
        shards_key=RunKeys(event.run).shards,
        in_task=True,
    )


def plan_in_task(
    event: RunInput, client: "S3Client", source_buckets: Collection[str], store: Store
) -> PlannedInTask:
    """Plan a run in a container task, and leave the answer, or what is wrong with the list."""
    try:
        found = PlannedInTask(answer=plan_dataset(event, client, source_buckets, store))
    except _KINDS as exc:
        found = PlannedInTask(error=type(exc).__name__, cause=str(exc))
    Bucket(client, event.bucket).write(RunKeys(event.run).plan_answer, found)
    return found


def answer_of_task(bucket: Bucket, run: str) -> PlanAnswer | None:
    """Return what the task that planned a run answered; None where it is to be planned anew.

    Raises what was wrong with the list, once: an execution that is redriven when that is mended
    plans anew.
    """
    key = RunKeys(run).plan_answer
    found = bucket.get(key, PlannedInTask)
    if found is None:
        return None
    if found.answer is not None:
        return found.answer
    bucket.delete(key)
    raise _TOLD.get(found.error or "", UnusableList)(found.cause or "")
