"""From an error's name and cause to one sentence: which state, what happened, what to do.

Every kind of task wraps its cause differently: a Lambda function as JSON with errorMessage, a
SageMaker job as its Describe answer, an ECS task as its description, a service call as text.
"""

from typing import NamedTuple

import msgspec

from tagline.formats.document import decode_record
from tagline.formats.steps import Caught

SHORT_OF_MACHINES = "CapacityError"  # how SageMaker begins the reason
_LONGEST = 2000  # characters; a reason is read by people, on a phone too
# Raised by this product for its users: the message already says what to do.
EXPLAINED = {
    "ChampionChanged",
    "DamagedChampion",
    "InvalidSettings",
    "ModelChanged",
    "NoChampion",
    "NotReleased",
    "Overtaken",
    "RunEnded",
    "ShadowLost",
    "ShadowRejected",
    "SmokeTestFailed",
    "TooExpensive",
    "UnusableList",
    "RollBackFailed",
    "TooManyRuns",
}
_ADVICE = {
    "PlanDataset": "Correct the list or dataset.yaml and upload the list again.",
    "FetchShards": "See the log of the function fetch-shard, then upload the list again.",
    "PlanInTask": "See the log group of the im2rec task, then upload the list again.",
    "PackDataset": "See the log group of the im2rec task, then upload the list again.",
    "PackParts": "See the log group of the im2rec task, then upload the list again.",
    "JoinParts": "See the log group of the im2rec task, then upload the list again.",
    "Train": "See the training job's log, correct dataset.yaml, then upload the list again.",
    "Tune": "See the trials' logs, correct dataset.yaml, then upload the list again.",
    "Evaluate": "See the processing job's log, then upload the list again.",
}
_OTHERWISE = "See the execution's history, then upload the list again."
# The function broke off; nothing in the list made it do so
_CRASHED = {"Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout", "States.Timeout"}
_AFTER_A_CRASH = "It broke off and was tried again in vain: upload the list again."
_JOBS = {
    "PlanInTask",
    "PackDataset",
    "PackParts",
    "JoinParts",
    "Train",
    "Tune",
    "Evaluate",
}  # no functions
_NO_CAPACITY = (
    "AWS had no machine of this type for hours: upload the list again later, or name another type."
)
_QUOTA = "Ask for a higher quota (Service Quotas), or name another instance type."


class JobFailed(RuntimeError):
    """JudgeFailure's word for a job that failed for good; the message is Caught, as JSON."""


class _Container(msgspec.Struct, rename="pascal"):
    """A container of an ECS task; Step Functions writes its keys in Pascal case."""

    name: str | None = None
    exit_code: int | None = None
    reason: str | None = None


class _Wrapped(msgspec.Struct, rename="pascal"):
    """What the services put into a cause, each some of it."""

    error_message: str | None = msgspec.field(name="errorMessage", default=None)
    error_type: str | None = msgspec.field(name="errorType", default=None)
    failure_reason: str | None = None
    exit_message: str | None = None
    containers: list[_Container] | None = None
    stopped_reason: str | None = None


class Cause(NamedTuple):
    """What a cause says once it is unwrapped."""

    message: str
    kind: str  # the error's name: a class for functions, a status for jobs
    explained: bool  # the message was written for the user, advice included


def unwrap(error: str, cause: str) -> Cause:
    """Return the message in an error's cause, whatever service wrapped it."""
    try:
        details = msgspec.json.decode(cause, type=_Wrapped)
    except msgspec.DecodeError:  # text, or JSON of another form
        return Cause(cause.strip() or error or "no cause was given", error, explained=False)
    if details.error_type == JobFailed.__name__ and details.error_message:
        job = decode_record(details.error_message.encode(), Caught, "what a job failed of")
        return unwrap(job.error, job.cause)
    if details.error_message is not None:
        kind = details.error_type or error
        message = details.error_message.strip() or kind
        explained = kind in EXPLAINED
        return Cause(message if explained else f"{kind}: {message}", kind, explained)
    said = details.failure_reason or details.exit_message
    if said is None and (details.containers is not None or details.stopped_reason is not None):
        said = _task(details)
    return Cause((said or cause).strip(), error, explained=False)


def reason(state: str, cause: Cause, left_behind: str | None = None) -> str:
    """Return the sentence for status.json; `left_behind` is what a container wrote before exit."""
    message = left_behind.strip() if left_behind else cause.message
    message = shortened(message).rstrip(".")
    if cause.explained or left_behind:
        return f"{state}: {message}."
    advice = _ADVICE.get(state, _OTHERWISE)
    if "ResourceLimitExceeded" in cause.kind:
        advice = _QUOTA
    elif cause.message.startswith(SHORT_OF_MACHINES):
        advice = _NO_CAPACITY
    elif cause.kind in _CRASHED and state not in _JOBS:
        advice = _AFTER_A_CRASH
    return f"{state}: {message}. {advice}"


def _task(details: _Wrapped) -> str:
    """Say how a container task ended."""
    said = [
        f"container {c.name} exited with {c.exit_code}" + (f" ({c.reason})" if c.reason else "")
        for c in details.containers or ()
        if c.exit_code
    ]
    return "; ".join(said) or details.stopped_reason or "the task stopped without saying why"


def shortened(text: str) -> str:
    """Return a text, or as much of it as a reason has room for."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
