"""`tagline destroy`: everything that a stack made, and the stack; its data only when asked for."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import typer
from botocore.exceptions import WaiterError

from tagline.cli.belongings import Belonging, belongings, delete_belonging
from tagline.cli.errors import Refused
from tagline.cli.left_behind import bucket_left, own_bucket
from tagline.cli.output import emit, print_json, rows_table, say
from tagline.cli.target import Target, find_target, is_laptop

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

_MOST = 3  # executions named
_BATCH = 1000  # objects; the most that one DeleteObjects takes
_STAYS = (
    "Not touched: images in ECR, the logs of SageMaker's jobs, the bucket that sam keeps its "
    "packages in, and what other stacks made."
)


def destroy(
    *,
    data: bool,
    dry_run: bool,
    yes: bool,
    stack: str,
    as_json: bool,
) -> None:
    """Delete a stack with its endpoints, models and alarms; its data only with --data."""
    target = _target(stack, data=data)
    if data and (brought := _brought_bucket(target)):
        raise Refused(
            f"--data: bucket {brought} was there before the stack (ExistingBucket): "
            "delete its objects yourself"
        )
    going = [] if target.left else list(_running(target))
    if going and not dry_run:
        raise Refused(_going(going))
    steps = plan(target, belongings(target), data=data)
    if as_json:
        print_json(
            {
                "stack": stack,
                "dry_run": dry_run,
                "data": data,
                "running": going,
                "deletes": list(map(asdict, steps)),
            }
        )
    else:
        emit(rows_table(("Deletes", "Name", "Note"),
                        ((step.kind, step.name, step.note) for step in steps),
                        title=f"Stack {stack}"))  # fmt: skip
    if dry_run:
        if going:
            say(f"As it stands it would be refused: {_going(going)}", style="yellow")
        say(_STAYS)
        return
    if not yes and not typer.confirm(f"Delete all of this at {_where(target)}?", err=True):
        raise Refused("nothing was deleted")
    for step in steps:
        say(f"Deleting {step.kind} {step.name}")
        _delete(target, step)
    say(_STAYS)
    if not data:
        bucket = target.outputs.bucket
        say(f"The data stays in s3://{bucket}: `tagline destroy --data` deletes it, `tagline up` "
            "goes on with it on a laptop; in an account a stack that is deployed again takes "
            f"ExistingBucket={bucket}")  # fmt: skip


def _going(running: list[str]) -> str:
    """Say what goes on, and how it ends."""
    more = f" and {len(running) - _MOST} more" if len(running) > _MOST else ""
    it = "it" if len(running) == 1 else "them"
    commands = ", ".join(f"`tagline cancel {name}`" for name in running[:_MOST])
    return (
        f"{_counted(len(running))}: wait for the end, or stop {it} with {commands}{more}; a run "
        "that is stopped brings its champion back"
    )


def _counted(count: int) -> str:
    return "1 execution goes on" if count == 1 else f"{count} executions go on"


def _target(stack: str, *, data: bool) -> Target:
    """Return what is to be destroyed: a stack, or what a stack that is gone has left."""
    target = find_target(stack)
    left = bucket_left(target)
    if left is None:
        _ = target.outputs  # raises where there is no stack either
        return target
    if not data:
        raise Refused(
            f"stack {stack} is gone, and its data stays in s3://{left}: --data deletes it"
        )
    return replace(target, left=left)


def plan(target: Target, found: list[Belonging], *, data: bool) -> list[Belonging]:
    """Return what is deleted, in order.

    The objects go before the stack, so that the command can be given again when something stops it.
    """
    bucket = target.outputs.bucket
    steps = [*found]
    if data:
        steps.append(Belonging("objects", f"s3://{bucket}/", "every object and version"))
    if target.left is None:
        where = f"and its nested stacks, at {_where(target)}"
        steps.append(Belonging("stack", target.stack, where))
    if data:
        steps.append(Belonging("bucket", bucket))
    return steps


def _brought_bucket(target: Target) -> str | None:
    """Return the bucket that a stack was given, unless a stack of its name had made it."""
    if target.left is not None:
        return None
    (stack,) = target.cloudformation.describe_stacks(StackName=target.stack)["Stacks"]
    given = {p["ParameterKey"]: p.get("ParameterValue") for p in stack.get("Parameters", ())}
    bucket = given.get("ExistingBucket")
    return bucket if bucket and bucket != own_bucket(target) else None


def _where(target: Target) -> str:
    return target.endpoint or f"region {target.session.region_name}"


def _running(target: Target) -> Iterator[str]:
    pages = target.states.get_paginator("list_executions").paginate(
        stateMachineArn=target.outputs.state_machine, statusFilter="RUNNING"
    )
    for page in pages:
        yield from (execution["name"] for execution in page["executions"])


def _delete(target: Target, step: Belonging) -> None:
    if step.kind == "objects":
        delete_objects(target)
    elif step.kind == "bucket":
        target.s3.delete_bucket(Bucket=step.name)
    elif step.kind == "stack":
        _delete_stack(target)
    else:
        delete_belonging(target, step)


def delete_objects(target: Target, prefix: str = "") -> None:
    """Delete every version of every object below a prefix, and uploads that were left unfinished.

    Raises Refused, which names the first object that stays.
    """
    bucket = target.outputs.bucket
    pages: Any = target.s3.get_paginator("list_object_versions").paginate(
        Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": _BATCH}
    )
    for page in pages:
        batch: list[ObjectIdentifierTypeDef] = [
            {"Key": found["Key"], "VersionId": found["VersionId"]}
            for found in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
        ]
        if batch:
            answer = target.s3.delete_objects(
                Bucket=bucket, Delete={"Objects": batch, "Quiet": True}
            )
            if errors := answer.get("Errors"):
                first = errors[0]
                raise Refused(
                    f"{len(errors)} objects could not be deleted: "
                    f"s3://{bucket}/{first.get('Key')}: {first.get('Message')}"
                )
    uploads = target.s3.get_paginator("list_multipart_uploads")
    for page in uploads.paginate(Bucket=bucket, Prefix=prefix):
        for upload in page.get("Uploads", ()):
            target.s3.abort_multipart_upload(
                Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"]
            )


def _delete_stack(target: Target) -> None:
    client = target.cloudformation
    identity = client.describe_stacks(StackName=target.stack)["Stacks"][0].get("StackId", "")
    client.delete_stack(StackName=target.stack)
    try:
        client.get_waiter("stack_delete_complete").wait(
            StackName=identity or target.stack,
            WaiterConfig={"Delay": 1 if is_laptop(target.endpoint) else 15, "MaxAttempts": 240},
        )
    except WaiterError as exc:
        events = client.describe_stack_events(StackName=identity or target.stack)["StackEvents"]
        reasons = [
            f"{event.get('LogicalResourceId')}: {event.get('ResourceStatusReason')}"
            for event in events
            if event.get("ResourceStatus") == "DELETE_FAILED"
        ]
        raise Refused(f"stack {target.stack} was not deleted: {'; '.join(reasons) or exc}") from exc
