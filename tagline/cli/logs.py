"""`tagline logs`: what the job or function of a run's state has logged."""

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import typer
from botocore.exceptions import ClientError

from tagline.aws.faults import error_code
from tagline.cli.errors import Refused
from tagline.cli.naming import run_or_newest
from tagline.cli.output import say
from tagline.cli.target import Target, find_target, is_laptop
from tagline.cli.watch import refuse_unknown
from tagline.cli.watching import describe, execution_arn, history
from tagline.formats.names import job_name
from tagline.formats.printable import printable
from tagline.jobs.epochs import TRAINING_LOGS
from tagline.outcomes.state_times import State, follow

_EVALUATION_LOGS = "/aws/sagemaker/ProcessingJobs"
_JOBS = {  # state → the log group, and the job's kind
    "Train": (TRAINING_LOGS, "train"),
    "Tune": (TRAINING_LOGS, "tune"),
    "Evaluate": (_EVALUATION_LOGS, "eval"),
}
_PACKING = {"PlanInTask", "PackDataset", "PackPart", "PackParts", "JoinParts"}
_OTHER_NAMES = {"FetchShards": "FetchShard"}  # states whose function is called otherwise
_WORD = re.compile(r"(?<!^)(?=[A-Z])")
_TASK = re.compile(r":task/[^/\"]+/([0-9a-f-]{32,36})")
_MISSING = "ResourceNotFoundException"
_MOST_STREAMS = 100  # that a call takes
_LAPTOP_SECONDS, _ACCOUNT_SECONDS = 0.5, 3.0


@dataclass(frozen=True)
class Log:
    """Where a state of a run logs: streams of a group by their beginnings, or lines by a word."""

    group: str
    streams: tuple[str, ...] = ()
    pattern: str | None = None


def log_of(stack: str, run: str, state: str, tasks: Iterable[str] = ()) -> Log:
    """Return where a state logs, by the names that the templates give; `tasks` are ECS's ids."""
    if state in _JOBS:
        group, kind = _JOBS[state]
        return Log(group, (job_name(stack, run, kind),))
    if state in _PACKING:
        streams = tuple(f"pack/im2rec/{task}" for task in tasks)
        return Log(f"/ecs/{stack}-im2rec", streams or ("none/",))
    name = _WORD.sub("-", _OTHER_NAMES.get(state, state)).lower()
    return Log(f"/aws/lambda/{stack}-{name}", pattern=f'"{run}"')


def logs(run: str, state: str | None, *, follow_on: bool, stack: str) -> None:
    """Print the log of a run's state: of the one named, else of the one that failed or goes on."""
    target = find_target(stack)
    run = run_or_newest(target, run)
    refuse_unknown(target, run)
    states = follow(history(target, execution_arn(target, run)))
    if state is None:
        state = _wanted(run, states)
        say(f"State {state}:", style="dim")
    elif state not in {each.name for each in states}:
        entered = ", ".join(each.name for each in states)
        raise Refused(f"run {run} has not entered a state {state}; it has entered {entered}")
    tasks = _tasks(target, run, state) if state in _PACKING else ()
    lines = _Lines(target, log_of(target.stack, run, state, tasks))
    printed = lines.print_new()
    while follow_on and _goes_on(target, run):
        time.sleep(_LAPTOP_SECONDS if is_laptop(target.endpoint) else _ACCOUNT_SECONDS)
        printed += lines.print_new()
    if not printed:
        raise Refused(f"state {state} of run {run} has logged nothing in {lines.log.group}")


def _wanted(run: str, states: list[State]) -> str:
    if not states:
        raise Refused(f"run {run} has entered no state yet")
    jobs = [each for each in states if each.name in _JOBS]
    for among in ([s for s in states if s.status == "failed"], jobs, states):
        if among:
            return among[-1].name
    raise AssertionError  # there are states


def _tasks(target: Target, run: str, state: str) -> list[str]:
    """Return the ids of the ECS tasks that a state has begun, as the events' details have them."""
    found: dict[str, None] = {}
    within = False
    for event in history(target, execution_arn(target, run), data=True):
        entered = event.get("stateEnteredEventDetails")
        within = entered["name"] == state if entered else within
        if within and event["type"].startswith("Task"):
            found |= dict.fromkeys(_TASK.findall(str(event)))
    return list(found)


def _goes_on(target: Target, run: str) -> bool:
    found = describe(target, run)
    return found is not None and found["status"] == "RUNNING"


@dataclass
class _Lines:
    """A log, of which each line is told once."""

    target: Target
    log: Log
    _since: int = 0
    _told: set[str] = field(default_factory=set)

    def print_new(self) -> int:
        """Print the lines that are new and return their number."""
        count = 0
        for message in self._new():
            typer.echo(printable(message.rstrip("\n")))
            count += 1
        return count

    def _new(self) -> Iterator[str]:
        request: dict[str, Any] = {"logGroupName": self.log.group}
        if self.log.pattern:
            request["filterPattern"] = self.log.pattern
        if self._since:
            request["startTime"] = self._since
        try:
            if self.log.streams:
                names = [name for begin in self.log.streams for name in self._streams(begin)]
                if not names:
                    return
                request["logStreamNames"] = names[-_MOST_STREAMS:]
            for page in self.target.logs.get_paginator("filter_log_events").paginate(**request):
                for event in page["events"]:
                    where = f"{event['timestamp']} {event.get('logStreamName')} {event['message']}"
                    told = event.get("eventId", where)  # the laptop gives events no ids
                    if told not in self._told:
                        self._told.add(told)
                        self._since = max(self._since, event["timestamp"])
                        yield event["message"]
        except ClientError as exc:
            if error_code(exc) != _MISSING:
                raise

    def _streams(self, begin: str) -> list[str]:
        found = self.target.logs.describe_log_streams(
            logGroupName=self.log.group, logStreamNamePrefix=begin
        )
        return [stream["logStreamName"] for stream in found["logStreams"]]
