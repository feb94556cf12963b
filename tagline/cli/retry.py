"""`tagline retry`: resume a failed run from the state that failed (RedriveExecution)."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tagline.aws.faults import error_code
from tagline.cli.drop import await_record, wait_for
from tagline.cli.errors import Refused
from tagline.cli.naming import one_run
from tagline.cli.outcome import tell_end
from tagline.cli.output import emit, facts_table, print_json, say
from tagline.cli.retry_batch import is_batch, retry_batch
from tagline.cli.target import Target, find_target
from tagline.cli.watching import describe, execution_arn
from tagline.formats.keys import RunKeys
from tagline.formats.names import restoring_name
from tagline.formats.outcomes import Outcome, Status
from tagline.formats.plan import Plan
from tagline.outcomes.execution_history import failed_state, newest_events, stopped_in
from tagline.outcomes.failed_run import JUDGE, MOST_REDRIVES, restorations
from tagline.planning.standing import overtaken_by

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef

_NOT_REDRIVABLE = "ExecutionNotRedrivable"
_FORMER_END = "Failed"
# From here on the run had changed an endpoint, and what had served was brought back instead
ENDPOINT_IS_AWAITED = frozenset(
    {
        *(
            "NoMachine",
            "AwaitMachine",
            "AwaitTrial",
            "WaitForEndpoint",
            "WaitBetweenChecks",
            "CountChecks",
            "DescribeEndpoint",
        ),
        *("EndpointReady?", "SmokeTest", "WhoServes?", "EndTrial", "AwaitChallenger"),
        *("AwaitShadow", "ShadowServes", "WatchShadow", "Watched?", "WaitForShadow", "Shadowed"),
        *("RecordChampion", "PlanRollBack", "AwaitChampion", "ModelGone?", "RebuildModel"),
        *("ConfigGone?", "RebuildConfig", "RollBackHow?", "RestoreChampion", "ClearEndpoint"),
        *("DeployChampion", "DeleteEndpoint", "TrialLeft?", "DeleteTrial", "GoOn?"),
        *("Scales?", "StartScaling", "KeepToTarget", "Keep?", "StopScalingBack"),
    }
)


def retry(
    run: str,
    *,
    wait: bool,
    stack: str,
    as_json: bool,
) -> None:
    """Resume a failed run or batch from where it failed: nothing before it is done again."""
    target = find_target(stack)
    one_run(target, run)
    if is_batch(target, run):
        if wait:
            raise Refused("--wait is for runs: `tagline show` tells how far a batch is")
        retry_batch(target, run, as_json=as_json)
        return
    state = state_to_resume(target, run)
    resume(target, run)
    told: dict[str, object] = {"run": run, "resumed": state}
    if not wait:
        if as_json:
            print_json(told)
        else:
            emit(facts_table({"Run": run, "Resumed from": state}))
            say(f"`tagline show {run}` tells how it goes")
        return
    tell_end(wait_for(target, run), as_json=as_json, more=told)


def state_to_resume(target: Target, run: str) -> str:
    """Return the state that a run would be resumed from; raises Refused with the reason."""
    execution = describe(target, run)
    if execution is None:
        raise Refused(
            f"there is no execution of run {run}: Step Functions forgets one after 90 days; "
            "upload the list again"
        )
    _refuse_by_status(target, run, execution)
    events = newest_events(target.states, execution["executionArn"])
    state = stopped_in(events) or "the start"
    if state == JUDGE:  # lets the job before it be tried again
        state = failed_state(events, [JUDGE])
    if state == _FORMER_END:
        raise Refused(
            f"run {run} began under an earlier version of the flow, which ended it in a Fail "
            "state: resumed, it would only fail again; upload the list again"
        )
    if state in ENDPOINT_IS_AWAITED:
        raise Refused(
            f"run {run} failed in {state}, after it had changed an endpoint, and what served "
            "before was brought back: upload the list again (packed images are reused)"
        )
    for attempt in restorations(events):
        name = restoring_name(run, attempt)
        found = describe(target, name)
        if found is None:  # nor any later one
            break
        if found["status"] == "RUNNING":
            raise Refused(f"execution {name} is bringing the champion back: retry when it is done")
    plan = target.bucket.get(RunKeys(run).plan, Plan)
    if plan and plan.candidate:  # no later list decides instead of one that was tried
        return state
    if newer := overtaken_by(target.bucket, run):
        raise Refused(
            f"run {newer}, of a list that was dropped later, decides: this one would end Superseded"
        )
    return state


def _refuse_by_status(
    target: Target, run: str, execution: "DescribeExecutionOutputTypeDef"
) -> None:
    status = execution["status"]
    if status == "RUNNING":
        raise Refused(f"run {run} goes on: `tagline show {run}` tells how")
    await_record(target, run)  # who records the failure must not do so after the run goes on
    found = target.bucket.find(RunKeys(run).status, Status)
    if found and found.content.outcome != Outcome.FAILED:
        raise Refused(f"run {run} ended {found.content.outcome}: only a failed run is resumed")
    if status == "SUCCEEDED":
        raise Refused(f"the execution of run {run} succeeded: only a failed run is resumed")
    if execution.get("redriveStatus") == "NOT_REDRIVABLE":
        raise Refused(_not_redrivable(run, execution.get("redriveStatusReason", "")))
    if execution.get("redriveCount", 0) >= MOST_REDRIVES:
        raise Refused(
            f"run {run} was resumed {MOST_REDRIVES} times, for which the names of its jobs have "
            "room: upload the list again"
        )


def resume(target: Target, run: str) -> None:
    """Redrive a run's execution; while it goes on it has no status.json.

    Puts status.json back, and raises Refused, where Step Functions refuses.
    """
    key = RunKeys(run).status
    recorded = target.bucket.find(key, Status)
    if recorded:  # its versions stay
        target.s3.delete_object(Bucket=target.bucket.name, Key=key)
    try:
        target.states.redrive_execution(executionArn=execution_arn(target, run))
    except ClientError as exc:
        if recorded:
            target.bucket.write_over(key, recorded.content, None)
        if error_code(exc) == _NOT_REDRIVABLE:
            told = exc.response["Error"].get("Message", "")
            raise Refused(_not_redrivable(run, told)) from exc
        raise


def _not_redrivable(run: str, told: str) -> str:
    return (
        f"Step Functions does not resume run {run}: {told.rstrip('.')} (an execution can be "
        "redriven for 14 days): upload the list again"
    )
