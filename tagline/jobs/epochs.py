"""What a training job's log says of its epochs: the lines that SageMaker reads its metrics from.

CloudWatch keeps those metrics a value a minute, which epochs of seconds share; the log has each.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError

from tagline.aws.faults import error_code

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import GetLogEventsRequestTypeDef, OutputLogEventTypeDef

TRAINING_LOGS = "/aws/sagemaker/TrainingJobs"
_EPOCH = re.compile(r"^epoch=(?P<epoch>\d{1,9})\b")
# the built-in algorithm's lines: a metric each, behind a time, its epochs counted from 0
_OF_BUILTIN = re.compile(
    r"\bEpoch\[(?P<epoch>\d{1,9})\] (?P<side>Train|Validation)-accuracy=(?P<value>\d\.\d{1,40})$"
)
_METRIC = re.compile(r"(?P<name>[a-z]+:\w+)=(?P<value>\d{1,20}(?:\.\d{0,40})?)(?=\s|$)")
_MISSING = {"ResourceNotFoundException", "ResourceNotFound"}
_MOST_PAGES = 20  # of 10,000 lines, at a time


class Epoch(NamedTuple):
    """The end of an epoch, the first of which is 1; some logs tell of one in several lines."""

    number: int
    metrics: dict[str, float]
    """By name, such as train:loss and validation:mAP."""
    exported: bool
    """Whether it is told again, as the one whose weights are the model."""


def epoch_of(message: str) -> Epoch | None:
    """Return what a line of the log says of an epoch, or None for any other line."""
    found = _EPOCH.match(message)
    if found is None:
        return _of_builtin(message)
    metrics = {match["name"]: float(match["value"]) for match in _METRIC.finditer(message)}
    return Epoch(int(found["epoch"]), metrics, message.endswith(" exported"))


def _of_builtin(message: str) -> Epoch | None:
    found = _OF_BUILTIN.search(message)
    if found is None:
        return None
    metrics = {f"{found['side'].lower()}:accuracy": float(found["value"])}
    return Epoch(int(found["epoch"]) + 1, metrics, exported=False)


class JobLog:
    """The log of the training jobs whose names begin alike, read on from where one was."""

    def __init__(self, logs: "CloudWatchLogsClient", prefix: str) -> None:
        self._logs = logs
        self._prefix = prefix
        self._tokens: dict[str, str] = {}

    def news(self) -> "Iterator[OutputLogEventTypeDef]":
        """Yield the lines since the last time, of each stream in order; none before any."""
        try:
            streams = self._logs.describe_log_streams(
                logGroupName=TRAINING_LOGS, logStreamNamePrefix=self._prefix
            )["logStreams"]
        except ClientError as exc:
            if error_code(exc) in _MISSING:  # no job has logged yet
                return
            raise
        for stream in streams:
            yield from self._read_on(stream["logStreamName"])

    def _read_on(self, name: str) -> "Iterator[OutputLogEventTypeDef]":
        for _ in range(_MOST_PAGES):
            request: GetLogEventsRequestTypeDef = {
                "logGroupName": TRAINING_LOGS,
                "logStreamName": name,
                "startFromHead": True,
            }
            before = self._tokens.get(name)
            if before is not None:
                request["nextToken"] = before
            page = self._logs.get_log_events(**request)
            self._tokens[name] = page["nextForwardToken"]
            yield from page["events"]
            if page["nextForwardToken"] == before:  # the end, for now
                return
