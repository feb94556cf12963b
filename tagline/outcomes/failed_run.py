"""The story of a failed run: gathered from the execution, told in status.json and on the topic.

An execution that broke off cannot bring the champion back itself: where it had touched the
endpoint, another execution of the flow does it, waiting and retrying as the flow does.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from tagline.aws.faults import Absent
from tagline.aws.observability import logger
from tagline.aws.s3 import Bucket
from tagline.formats.document import Record, decode_record
from tagline.formats.keys import RunKeys
from tagline.formats.locations import Location
from tagline.formats.names import RESTORING, RUN, trial_name
from tagline.formats.outcomes import Alert, Ending, Outcome
from tagline.formats.steps import (
    Caught,
    ExecutionDetail,
    FailureEvent,
    MapInput,
    RecordedAnswer,
    Restore,
)
from tagline.outcomes.cost import cost_of
from tagline.outcomes.endings import own_promotion, record_ending, settle
from tagline.outcomes.execution_history import (
    UnknownState,
    ended_with,
    entered,
    failed_child,
    failed_state,
    newest_events,
)
from tagline.outcomes.failures import Cause, reason, unwrap
from tagline.outcomes.restoring import Machine

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

_HANDLERS = ("RecordFailure", "NotifyFailure")
_MAPS = ("FetchShards", "PackParts")
_NOTE_BYTES = 4096
# A run that came to one of these may have changed the endpoint that serves
_AT_THE_ENDPOINT = {
    *("CreateEndpoint", "UpdateEndpoint", "ReplaceEndpoint"),
    *("RecordChampion", "PlanRollBack"),
}
_AT_AN_ENDPOINT = _AT_THE_ENDPOINT | {"CreateTrial", "DescribeEndpoint", "SmokeTest"}
_SUBJECT = 100  # characters; SNS's limit
_ENDED_FROM_OUTSIDE = {
    "Aborted": Cause("stopped by hand: upload the list again to start over", "Aborted", True),
    "Laptop.Stopped": Cause(
        "the laptop cloud was stopped while the run went on: upload the list again",
        "Laptop.Stopped",
        True,
    ),
    "TimedOut": Cause("the run hit the limit of 30 days: upload the list again", "TimedOut", True),
}


class _Input(Record):
    """What counts of the input of an execution that broke off."""

    started: str = ""
    restore: Restore | None = None


def record_failure(
    failed: FailureEvent, stepfunctions: "SFNClient", sagemaker: "SageMakerClient", bucket: Bucket
) -> tuple[Ending, bool]:
    """Write status.json with what failed, why, and what to do; False where one was there.

    A run that champion.json names did not fail, whatever came after it. An execution that only
    brings a champion back has no status.json: its run has one.
    """
    events = newest_events(stepfunctions, failed.execution_arn)
    if RESTORING.fullmatch(failed.execution_arn.rpartition(":")[2]):
        return explain(stepfunctions, bucket, failed, events), False
    return _record(failed, stepfunctions, sagemaker, bucket, events)


def _record(
    failed: FailureEvent,
    stepfunctions: "SFNClient",
    sagemaker: "SageMakerClient",
    bucket: Bucket,
    events: "Sequence[HistoryEventTypeDef]",
) -> tuple[Ending, bool]:
    ending = own_promotion(bucket, failed.run) or explain(stepfunctions, bucket, failed, events)
    cost = cost_of(failed.execution_arn, bucket, stepfunctions, sagemaker)
    ending, written = record_ending(bucket, failed.run, failed.started, ending, cost)
    return settle(bucket, failed.run) or ending, written


def record_broken_off(
    execution: ExecutionDetail,
    bucket: Bucket,
    machine: Machine,
    sagemaker: "SageMakerClient",
    *,
    sns: "SNSClient",
    topic: str,
) -> RecordedAnswer:
    """Record and announce that an execution ended by itself, unless that is told already.

    Then see to it that the champion serves.
    """
    logger.append_keys(run=execution.name)
    given = decode_record(
        (execution.input or "{}").encode(), _Input, f"the input of {execution.execution_arn}"
    )
    if restoring := RESTORING.fullmatch(execution.name):
        if execution.status != "FAILED":  # which the flow announced; once more would fail again
            attempt = int(restoring["attempt"]) + 1
            settling = given.restore.endpoint if given.restore else None
            tried = settling == trial_name(machine.stack, RunKeys(restoring["run"]).dataset)
            machine.restore(bucket, restoring["run"], given.started, attempt, tried=tried)
        return RecordedAnswer(recorded=False)
    if not RUN.fullmatch(execution.name):
        logger.warning("ignored an execution that is no run: it was started by hand")
        return RecordedAnswer(recorded=False)
    failed = FailureEvent(
        bucket=bucket.name,
        run=execution.name,
        started=given.started,
        execution_arn=execution.execution_arn,
        error=Caught(error=execution.error or "", cause=execution.cause or ""),
    )
    events = newest_events(machine.client, failed.execution_arn)
    ending, written = _record(failed, machine.client, sagemaker, bucket, events)
    came_to = entered(events)
    if ending.outcome != Outcome.PROMOTED and came_to & _AT_AN_ENDPOINT:
        tried = not came_to & _AT_THE_ENDPOINT
        machine.restore(bucket, failed.run, failed.started, 1, tried=tried)
    if written and ending.outcome == Outcome.FAILED:
        announce(sns, topic, failed, ending)
    return RecordedAnswer(recorded=written, outcome=ending.outcome)


def explain(
    stepfunctions: "SFNClient",
    bucket: Bucket,
    failed: FailureEvent,
    events: "Sequence[HistoryEventTypeDef]",
) -> Ending:
    """Return the ending of a failed run: the state that failed and a sentence that says why."""
    try:
        state = failed_state(events, _HANDLERS)
    except UnknownState as exc:
        said = _told(failed.error).message
        return Ending(outcome=Outcome.FAILED, state="Unknown", reason=f"{said} ({exc}).")
    told = _told(failed.error if failed.error.error else ended_with(events))
    if state in _MAPS and (child := failed_child(stepfunctions, failed.execution_arn)):
        told = _told(child.error)
        told = told._replace(message=f"{_shards(child.given)}: {told.message}")
    sentence = reason(state, told, _note(bucket, failed.run, state))
    return Ending(outcome=Outcome.FAILED, state=state, reason=sentence)


def announce(sns: "SNSClient", topic: str, failed: FailureEvent, ending: Ending) -> None:
    """Tell the topic what the state NotifyFailure would have told it."""
    keys = RunKeys(failed.run)
    alert = Alert(
        run=failed.run,
        dataset=keys.dataset,
        outcome=ending.outcome,
        state=ending.state,
        reason=ending.reason,
        status=Location(failed.bucket, keys.status).uri,
        execution=failed.execution_arn,
    )
    sns.publish(
        TopicArn=topic,
        Subject=f"Tagline: a run of {keys.dataset} failed"[:_SUBJECT],
        Message=msgspec.json.encode(alert).decode(),
        MessageAttributes={"dataset": {"DataType": "String", "StringValue": keys.dataset}},
    )


def _told(error: Caught) -> Cause:
    return _ENDED_FROM_OUTSIDE.get(error.error) or unwrap(error.error, error.cause)


def _shards(given: MapInput) -> str:
    """Name what a child of a map was given: one shard, or a batch of them."""
    if given.items:
        return f"shards {given.items[0].shard} to {given.items[-1].shard}"
    return f"shard {given.shard}"


def _note(bucket: Bucket, run: str, state: str) -> str | None:
    """Return what a container left to explain its exit, if anything."""
    try:
        with bucket.stream(RunKeys(run).failure_note(state)) as note:
            return note.content.read(_NOTE_BYTES).decode("utf-8", "replace").strip() or None
    except Absent:
        return None
