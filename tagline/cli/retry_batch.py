"""`tagline retry` of a batch: its shards that are tagged are found tagged, the others go on."""

from botocore.exceptions import ClientError

from tagline.aws.faults import error_code
from tagline.cli.errors import Refused
from tagline.cli.output import emit, facts_table, print_json, say
from tagline.cli.target import Target
from tagline.formats.batch_keys import BatchKeys
from tagline.formats.batches import BatchOutcome, BatchStatus

_UNABLE = {
    "ExecutionNotRedrivable": "an execution can be redriven for 14 days",
    "ExecutionDoesNotExist": "Step Functions forgets one after 90 days",
}


def is_batch(target: Target, name: str) -> bool:
    """Return whether a name is a batch's that was planned or has failed."""
    return next(target.bucket.keys(BatchKeys(name).prefix), None) is not None


def retry_batch(target: Target, batch: str, *, as_json: bool) -> None:
    """Resume a failed batch; raises Refused with the reason where it cannot be.

    While it goes on it has no status.json, which is put back where Step Functions refuses.
    """
    key = BatchKeys(batch).status
    recorded = target.bucket.find(key, BatchStatus)
    if recorded is None:
        raise Refused(f"batch {batch} goes on, or just failed: `tagline show {batch}` tells")
    status = recorded.content
    if status.outcome != BatchOutcome.FAILED:
        raise Refused(f"batch {batch} ended {status.outcome}: only a failed batch is resumed")
    target.s3.delete_object(Bucket=target.bucket.name, Key=key)
    try:
        target.states.redrive_execution(executionArn=batch_execution(target, batch))
    except ClientError as exc:
        target.bucket.write_over(key, status, None)
        if (why := _UNABLE.get(error_code(exc))) is None:
            raise
        raise Refused(
            f"Step Functions does not resume batch {batch} ({why}): upload the list again"
        ) from exc
    if as_json:
        print_json({"run": batch, "resumed": status.state})
        return
    emit(facts_table({"Batch": batch, "Resumed from": status.state}))
    say(f"`tagline show {batch}` tells how it goes")


def batch_execution(target: Target, batch: str) -> str:
    """Return the ARN of a batch's execution: the batch's name is the execution's."""
    machines, _, _ = target.outputs.state_machine.rpartition(":")
    executions = machines.replace(":stateMachine", ":execution")
    return f"{executions}:{target.stack}-tag-batch:{batch}"
