"""A training job's curves, epoch by epoch, from its log.

`training_job_analytics` has averages of minutes, as CloudWatch keeps them.
"""

import re
from collections.abc import Iterable, Iterator

import pandas as pd

from tagline.notebook.connection import Connection

_LOG_GROUP = "/aws/sagemaker/TrainingJobs"
_OURS = re.compile(r"epoch=(\d+) (.*)")
_VALUE = re.compile(r"((?:train|validation):\w+)=([0-9.]+)")
_BUILT_IN = re.compile(r"Epoch\[(\d+)\] (Train|Validation)-(accuracy)=([0-9.]+)")


def epochs(stack: Connection, job: str) -> pd.DataFrame:
    """Return a row an epoch, from 1 on, and a column a metric, of a job of either trainer."""
    pages = stack.target.logs.get_paginator("filter_log_events").paginate(
        logGroupName=_LOG_GROUP, logStreamNamePrefix=f"{job}/"
    )
    lines = (event["message"] for page in pages for event in page["events"])
    return curves_of(lines)


def curves_of(lines: Iterable[str]) -> pd.DataFrame:
    """Return the curves that a log tells of; of several values of an epoch the last counts."""
    rows: dict[int, dict[str, float]] = {}
    for epoch, metric, value in _told(lines):
        rows.setdefault(epoch, {})[metric] = value
    frame = pd.DataFrame.from_dict(rows, orient="index").sort_index()
    frame.index.name = "epoch"
    return frame


def _told(lines: Iterable[str]) -> Iterator[tuple[int, str, float]]:
    for line in lines:
        if found := _OURS.search(line):
            for metric, value in _VALUE.findall(found[2]):
                yield int(found[1]), metric, float(value)
        for epoch, side, metric, value in _BUILT_IN.findall(line):
            yield int(epoch) + 1, f"{side.lower()}:{metric}", float(value)
