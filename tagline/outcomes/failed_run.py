"""The story of a failed run: gathered from the execution, told in status.json and on the topic."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from tagline.formats.keys import RunKeys
from tagline.outcomes.endings import Ending, Outcome
from tagline.outcomes.execution_history import (
    UnknownState,
    ended_with,
    failed_child,
    failed_state,
    newest_events,
)
from tagline.outcomes.failures import Cause, reason, unwrap

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
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


class FailedRun(NamedTuple):
    """An execution that failed, and the error it failed with (empty when none was caught)."""

    execution_arn: str
    run: str
    started: str
    error: str
    cause: str


def failed_execution(detail: Mapping[str, Any], run: str) -> FailedRun:
    """Return the failed run of a "Step Functions Execution Status Change" event's detail."""
    state = json.loads(detail.get("input") or "{}")
    return FailedRun(
        execution_arn=detail["executionArn"],
        run=run,
        started=state.get("started", ""),
        error=detail.get("error") or "",
        cause=detail.get("cause") or "",
    )


def explain(sfn: "SFNClient", s3: "S3Client", bucket: str, failed: FailedRun) -> Ending:
    """Return the ending of a failed run: the state that failed and a sentence that says why."""
    events = newest_events(sfn, failed.execution_arn)
    try:
        state = failed_state(events, _HANDLERS)
    except UnknownState as exc:
        said = unwrap(failed.error, failed.cause).message
        return Ending(Outcome.FAILED, "Unknown", f"{said} ({exc}).")
    error, cause = failed.error, failed.cause
    if not error:
        error, cause = ended_with(events)
    told = _ENDED_FROM_OUTSIDE.get(error) or unwrap(error, cause)
    if state in _MAPS:
        told = _of_child(sfn, failed.execution_arn) or told
    return Ending(Outcome.FAILED, state, reason(state, told, _note(s3, bucket, failed.run, state)))


def announce(sns: "SNSClient", topic: str, bucket: str, failed: FailedRun, ending: Ending) -> None:
    """Tell the topic what the state NotifyFailure would have told it."""
    keys = RunKeys(failed.run)
    message = {
        "run": failed.run,
        "dataset": keys.dataset,
        "outcome": str(ending.outcome),
        "state": ending.state,
        "reason": ending.reason,
        "status": f"s3://{bucket}/{keys.of('status.json')}",
        "execution": failed.execution_arn,
    }
    sns.publish(
        TopicArn=topic,
        Subject=f"Tagline: a run of {keys.dataset} failed"[:_SUBJECT],
        Message=json.dumps(message, ensure_ascii=False),
    )


def _of_child(sfn: "SFNClient", execution_arn: str) -> Cause | None:
    child = failed_child(sfn, execution_arn)
    if child is None:
        return None
    given, error, cause = child
    told = unwrap(error, cause)
    return told._replace(message=f"{_shards(json.loads(given or '{}'))}: {told.message}")


def _shards(given: Mapping[str, Any]) -> str:
    """Name what a child of a map was given: one shard, or a batch of them."""
    items = given.get("Items")
    if items:
        return f"shards {items[0]['shard']} to {items[-1]['shard']}"
    return f"shard {given.get('shard', '?')}"


def _note(s3: "S3Client", bucket: str, run: str, state: str) -> str | None:
    """Return what a container left to explain its exit (`failures/<State>.txt`), if anything."""
    try:
        key = RunKeys(run).of(f"failures/{state}.txt")
        answer = s3.get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{_NOTE_BYTES - 1}")
    except ClientError as exc:
        if exc.response["Error"]["Code"] in ("NoSuchKey", "404", "InvalidRange"):
            return None
        raise
    return answer["Body"].read().decode("utf-8", "replace").strip() or None
