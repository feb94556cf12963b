"""The story of a failed run: gathered from the execution, told on the topic and in status.json.

No state catches what fails a run, so that RedriveExecution finds the state that failed. Such an
execution cannot bring the champion back itself: where it had touched the endpoint, another
execution of the flow does it, waiting and retrying as the flow does.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tagline.aws.faults import Absent
from tagline.aws.observability import logger
from tagline.aws.s3 import Bucket
from tagline.formats.document import Record, decode_record
from tagline.formats.keys import RunKeys
from tagline.formats.names import ORDERED, RESTORING, RUN, first_restoration, trial_name
from tagline.formats.outcomes import Ending, Outcome
from tagline.formats.steps import (
    Caught,
    ExecutionDetail,
    MapInput,
    RecordedAnswer,
    Restore,
)
from tagline.outcomes.alerts import Topic, alert_of, announce
from tagline.outcomes.cost import cost_of
from tagline.outcomes.endings import own_promotion, record_ending, settle
from tagline.outcomes.execution_history import (
    UnknownState,
    ended_with,
    entered,
    failed_child,
    failed_state,
    newest_events,
    redrives,
    was_redriven,
)
from tagline.outcomes.failures import Cause, JobFailed, reason, unwrap
from tagline.outcomes.keeping import keep
from tagline.outcomes.restoring import Machine

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

# of executions that began under a flow which recorded its failures itself
_FORMER_HANDLERS = ("RecordFailure", "NotifyFailure")
JUDGE = "JudgeFailure"  # fails of what the job before it failed of
_MAPS = ("FetchShards", "PackParts")
_NOTE_BYTES = 4096
# A run that came to one of these may have changed the endpoint that serves
_AT_THE_ENDPOINT = {
    *("CreateEndpoint", "UpdateEndpoint", "ReplaceEndpoint", "UpdateServerlessEndpoint"),
    *("StopScaling", "StartShadow", "RecordChampion", "PlanRollBack"),
}
_AT_AN_ENDPOINT = _AT_THE_ENDPOINT | {"CreateTrial", "DescribeEndpoint", "SmokeTest"}
MOST_REDRIVES = 9  # a digit of the names of jobs, of which a tuning job's has 32 characters
CANCELLED = "Cancelled"  # by `tagline cancel`
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
    """What counts of the input of an execution that ended badly."""

    started: str = ""
    restore: Restore | None = None


def record_broken_off(
    execution: ExecutionDetail,
    bucket: Bucket,
    machine: Machine,
    sagemaker: "SageMakerClient",
    topic: Topic,
) -> RecordedAnswer:
    """Announce and record that an execution ended badly, unless that is told already.

    Then see to it that the champion serves. A run that champion.json names did not fail, whatever
    came after it. An execution that was redriven meanwhile has not ended.
    """
    logger.append_keys(run=execution.name)
    given = decode_record(
        (execution.input or "{}").encode(), _Input, f"the input of {execution.execution_arn}"
    )
    if restoring := RESTORING.fullmatch(execution.name):
        run = restoring["run"]
        if execution.status != "FAILED":  # what failed would only fail again
            settling = given.restore.endpoint if given.restore else None
            tried = settling == trial_name(machine.stack, RunKeys(run).dataset)
            attempt = int(restoring["attempt"]) + 1
            machine.restore(bucket, run, given.started, attempt, tried=tried)
        else:  # its run has a status.json
            events = newest_events(machine.client, execution.execution_arn)
            ending = _explain(machine.client, bucket, run, execution, events)
            topic.tell(alert_of(bucket, run, ending, execution.execution_arn))
        return RecordedAnswer(recorded=False)
    if ordered := ORDERED.fullmatch(execution.name):
        run, attempt = ordered["run"], first_restoration(int(ordered["given"]))
        _tell_of_order(execution, run, bucket, machine, topic, attempt=attempt)
        return RecordedAnswer(recorded=False)  # its run ended long before
    if not RUN.fullmatch(execution.name):
        logger.warning("ignored an execution that is no run: it was started by hand")
        return RecordedAnswer(recorded=False)
    run = execution.name
    events = newest_events(machine.client, execution.execution_arn)
    if was_redriven(events):
        logger.info("the execution goes on: it was redriven")
        return RecordedAnswer(recorded=False)
    ending = own_promotion(bucket, run) or _explain(machine.client, bucket, run, execution, events)
    if ending.outcome == Outcome.FAILED and not bucket.head(RunKeys(run).status):
        alert = alert_of(bucket, run, ending, execution.execution_arn)
        announce(alert, bucket, topic)  # before it counts as told
    cost = cost_of(execution.execution_arn, bucket, machine.client, sagemaker)
    ending, written = record_ending(bucket, run, given.started, ending, cost)
    ending = settle(bucket, run) or ending
    keep(bucket, run, ending, machine.stack)
    if ending.outcome != Outcome.PROMOTED:
        attempt = restorations(events)[0]
        _bring_back(machine, bucket, run, given.started, events, attempt=attempt)
    return RecordedAnswer(recorded=written, outcome=ending.outcome)


def _tell_of_order(
    execution: ExecutionDetail,
    run: str,
    bucket: Bucket,
    machine: Machine,
    topic: Topic,
    *,
    attempt: int,
) -> None:
    """Announce that an order was not carried out, and let the champion come back."""
    events = newest_events(machine.client, execution.execution_arn)
    if was_redriven(events) or own_promotion(bucket, run):
        return
    ending = _explain(machine.client, bucket, run, execution, events)
    topic.tell(alert_of(bucket, run, ending, execution.execution_arn))
    started = decode_record(
        (execution.input or "{}").encode(), _Input, f"the input of {execution.execution_arn}"
    ).started
    _bring_back(machine, bucket, run, started, events, attempt=attempt)


def _bring_back(
    machine: Machine,
    bucket: Bucket,
    run: str,
    started: str,
    events: "Sequence[HistoryEventTypeDef]",
    *,
    attempt: int,
) -> None:
    """Let the champion come back where an execution may have changed an endpoint."""
    came_to = entered(events)
    if came_to & _AT_AN_ENDPOINT:
        tried = not came_to & _AT_THE_ENDPOINT
        machine.restore(bucket, run, started, attempt, tried=tried)


def restorations(events: "Sequence[HistoryEventTypeDef]") -> range:
    """Return the numbers that executions have which bring the champion back after this end."""
    first = 10 * redrives(events) + 1
    return range(first, first + 9)


def _explain(
    stepfunctions: "SFNClient",
    bucket: Bucket,
    run: str,
    execution: ExecutionDetail,
    events: "Sequence[HistoryEventTypeDef]",
) -> Ending:
    """Return the ending of a failed run: the state that failed and a sentence that says why."""
    error = Caught(error=execution.error or "", cause=execution.cause or "")
    error = error if error.error else ended_with(events)
    told = _told(error)
    try:
        judged = (JUDGE,) if error.error == JobFailed.__name__ else ()
        state = failed_state(events, (*_FORMER_HANDLERS, *judged))
    except UnknownState as exc:
        return Ending(outcome=Outcome.FAILED, state="Unknown", reason=f"{told.message} ({exc}).")
    if state in _MAPS and (child := failed_child(stepfunctions, execution.execution_arn)):
        told = _told(child.error)
        told = told._replace(message=f"{_shards(child.given)}: {told.message}")
    sentence = reason(state, told, _note(bucket, run, state))
    return Ending(outcome=Outcome.FAILED, state=state, reason=sentence)


def _told(error: Caught) -> Cause:
    if error.error == CANCELLED:  # the cause is a person's
        return Cause(f"cancelled: {error.cause.strip() or 'no reason given'}", CANCELLED, True)
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
