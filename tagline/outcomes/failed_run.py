"""The story of a failed run: gathered from the execution, told in status.json and on the topic."""

from typing import TYPE_CHECKING

import msgspec

from tagline.aws.faults import Absent
from tagline.aws.observability import logger
from tagline.aws.s3 import Bucket
from tagline.formats.document import Record, decode_record
from tagline.formats.keys import RunKeys
from tagline.formats.locations import Location
from tagline.formats.names import RUN
from tagline.formats.outcomes import Alert, Ending, Outcome
from tagline.formats.steps import Caught, ExecutionDetail, FailureEvent, MapInput, RecordedAnswer
from tagline.outcomes.endings import record_ending
from tagline.outcomes.execution_history import (
    UnknownState,
    ended_with,
    failed_child,
    failed_state,
    newest_events,
)
from tagline.outcomes.failures import Cause, reason, unwrap

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_stepfunctions import SFNClient

_HANDLERS = ("RecordFailure", "NotifyFailure")
_MAPS = ("FetchShards", "PackParts")
_NOTE_BYTES = 4096
_SUBJECT = 100  # characters; SNS's limit
_ENDED_FROM_OUTSIDE = {
    "Aborted": Cause("stopped by hand: upload the list again to start over", "Aborted", True),
    "TimedOut": Cause("the run hit the limit of 30 days: upload the list again", "TimedOut", True),
}


class _Input(Record):
    """What counts of the input of an execution that broke off."""

    started: str = ""


def record_failure(
    failed: FailureEvent, stepfunctions: "SFNClient", bucket: Bucket
) -> tuple[Ending, bool]:
    """Write status.json with what failed, why, and what to do; False where one was there."""
    ending = explain(stepfunctions, bucket, failed)
    return record_ending(bucket, failed.run, failed.started, ending)


def record_broken_off(
    execution: ExecutionDetail,
    stepfunctions: "SFNClient",
    bucket: Bucket,
    sns: "SNSClient",
    topic: str,
) -> RecordedAnswer:
    """Record and announce that an execution ended by itself, unless that is told already."""
    logger.append_keys(run=execution.name)
    if not RUN.fullmatch(execution.name):
        logger.warning("ignored an execution that is no run: it was started by hand")
        return RecordedAnswer(recorded=False)
    arn = execution.execution_arn
    given = decode_record((execution.input or "{}").encode(), _Input, f"the input of {arn}")
    failed = FailureEvent(
        bucket=bucket.name,
        run=execution.name,
        started=given.started,
        execution_arn=arn,
        error=Caught(error=execution.error or "", cause=execution.cause or ""),
    )
    ending, written = record_failure(failed, stepfunctions, bucket)
    if written:
        announce(sns, topic, failed, ending)
    return RecordedAnswer(recorded=written, outcome=ending.outcome)


def explain(stepfunctions: "SFNClient", bucket: Bucket, failed: FailureEvent) -> Ending:
    """Return the ending of a failed run: the state that failed and a sentence that says why."""
    events = newest_events(stepfunctions, failed.execution_arn)
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
