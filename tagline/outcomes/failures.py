"""From an error's name and cause to one sentence: which state, what happened, what to do.

Every kind of task wraps its cause differently: a Lambda function as JSON with errorMessage, a
SageMaker job as its Describe answer, an ECS task as its description, a service call as text.
"""

import json
from typing import Any, NamedTuple

_LONGEST = 2000  # characters; a reason is read by people, on a phone too
# Raised by this product for its users: the message already says what to do.
EXPLAINED = {
    "ChampionChanged",
    "InvalidSettings",
    "SmokeTestFailed",
    "UnusableEndpoint",
    "UnusableList",
    "UnusableTraining",
    "RollBackFailed",
}
_ADVICE = {
    "PlanDataset": "Correct the list or dataset.yaml and upload the list again.",
    "FetchShards": "See the log of the function fetch-shard, then upload the list again.",
    "PackDataset": "See the log group of the im2rec task, then upload the list again.",
    "PackParts": "See the log group of the im2rec task, then upload the list again.",
    "JoinParts": "See the log group of the im2rec task, then upload the list again.",
    "Train": "See the training job's log, correct dataset.yaml, then upload the list again.",
    "Tune": "See the trials' logs, correct dataset.yaml, then upload the list again.",
    "Evaluate": "See the processing job's log, then upload the list again.",
}
_OTHERWISE = "See the execution's history, then upload the list again."
_QUOTA = "Ask for a higher quota (Service Quotas), or name another instance type."


class Cause(NamedTuple):
    """What a cause says once it is unwrapped."""

    message: str
    kind: str  # the error's name: a class for functions, a status for jobs
    explained: bool  # the message was written for the user, advice included


def unwrap(error: str, cause: str) -> Cause:
    """Return the message in an error's cause, whatever service wrapped it."""
    try:
        details = json.loads(cause)
    except ValueError:
        return Cause(cause.strip() or error or "no cause was given", error, explained=False)
    if not isinstance(details, dict):
        return Cause(cause.strip(), error, explained=False)
    if "errorMessage" in details:
        kind = str(details.get("errorType") or error)
        message = str(details["errorMessage"]).strip() or kind
        explained = kind in EXPLAINED
        return Cause(message if explained else f"{kind}: {message}", kind, explained)
    for key in ("FailureReason", "ExitMessage"):
        if details.get(key):
            return Cause(str(details[key]).strip(), error, explained=False)
    if "Containers" in details or "StoppedReason" in details:
        return Cause(_task(details), error, explained=False)
    return Cause(cause.strip(), error, explained=False)


def reason(state: str, cause: Cause, left_behind: str | None = None) -> str:
    """Return the sentence for status.json; `left_behind` is what a container wrote before exit."""
    message = left_behind.strip() if left_behind else cause.message
    message = _shortened(message).rstrip(".")
    if cause.explained or left_behind:
        return f"{state}: {message}."
    advice = _QUOTA if "ResourceLimitExceeded" in cause.kind else _ADVICE.get(state, _OTHERWISE)
    return f"{state}: {message}. {advice}"


def _task(details: dict[str, Any]) -> str:
    """Say how a container task ended; Step Functions writes its keys in Pascal case."""
    said = [
        f"container {c.get('Name')} exited with {c['ExitCode']}"
        + (f" ({c['Reason']})" if c.get("Reason") else "")
        for c in details.get("Containers") or []
        if c.get("ExitCode")
    ]
    if not said and details.get("StoppedReason"):
        said = [str(details["StoppedReason"])]
    return "; ".join(said) or "the task stopped without saying why"


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
