"""A batch whose execution ended badly: its status says in which state, why, and what to do."""

from typing import TYPE_CHECKING

from tagline.aws.s3 import Bucket
from tagline.batches.recording import now_said, record_batch
from tagline.formats.batch_keys import BatchKeys
from tagline.formats.batch_steps import BatchInput
from tagline.formats.batches import BatchOutcome, BatchStatus
from tagline.formats.document import decode_record
from tagline.formats.outcomes import Alert, Outcome
from tagline.formats.steps import Caught, ExecutionDetail, RecordedAnswer
from tagline.outcomes.alerts import Topic, announce
from tagline.outcomes.execution_history import (
    UnknownState,
    ended_with,
    failed_child,
    failed_state,
    newest_events,
    was_redriven,
)
from tagline.outcomes.failures import Cause, reason, unwrap

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_MAP = "TagShards"
_FROM_OUTSIDE = {
    "Aborted": "stopped by hand: upload the list again to start over",
    "Laptop.Stopped": "the laptop cloud was stopped meanwhile: upload the list again",
    "TimedOut": "the batch hit its limit of 7 days: upload the list in parts",
}


def is_batch(execution_arn: str, stack: str) -> bool:
    """Return whether an execution is a batch's; the templates name the state machine."""
    return f":execution:{stack}-tag-batch:" in execution_arn


def record_failed_batch(
    execution: ExecutionDetail, bucket: Bucket, client: "SFNClient", topic: Topic
) -> RecordedAnswer:
    """Record and announce how a batch failed, unless it goes on."""
    events = newest_events(client, execution.execution_arn)
    if was_redriven(events):
        return RecordedAnswer(recorded=False)
    given = decode_record((execution.input or "{}").encode(), BatchInput, "the batch's input")
    error = Caught(error=execution.error or "", cause=execution.cause or "")
    error = error if error.error else ended_with(events)
    told = _told(error)
    try:
        state = failed_state(events, ())
    except UnknownState:
        state = "Unknown"
    if state == _MAP:
        child = failed_child(client, execution.execution_arn)
        told = _told(child.error) if child else told
    status = BatchStatus(
        batch=given.batch,
        dataset=given.dataset,
        list=given.list.key,
        outcome=BatchOutcome.FAILED,
        state=state,
        reason=reason(state, told),
        started=given.started,
        ended=now_said(),
    )
    alert = Alert(
        run=status.batch,
        dataset=status.dataset,
        outcome=Outcome.FAILED,
        state=state,
        reason=status.reason,
        status=bucket.uri(BatchKeys(status.batch).status),
        execution=execution.execution_arn,
    )
    announce(alert, bucket, topic)
    recorded = record_batch(bucket, status)
    return RecordedAnswer(recorded=recorded == status, outcome=Outcome.FAILED)


def _told(error: Caught) -> Cause:
    said = _FROM_OUTSIDE.get(error.error)
    return Cause(said, error.error, explained=True) if said else unwrap(error.error, error.cause)
