"""Every dataset that has a champion, looked at once an hour: report, metrics, a message."""

from collections.abc import Callable, Iterator
from datetime import datetime

from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import BotoCoreError, ClientError
from msgspec.structs import replace

from tagline.aws.faults import Absent, Conflict
from tagline.aws.observability import logger, metrics
from tagline.aws.s3 import JSON, Bucket
from tagline.drift.counting import KEPT_TAG
from tagline.drift.looking import look
from tagline.drift.retraining import NothingToTrain
from tagline.drift.telling import drifting, may_retrain, named, news
from tagline.formats.document import UnreadableDocument, encode_on_a_line
from tagline.formats.drift import HOUR, DriftAlert, DriftReport, DriftState
from tagline.formats.keys import DatasetKeys
from tagline.formats.names import DATASET
from tagline.outcomes.alerts import Topic
from tagline.planning.inputs import read_settings
from tagline.planning.standing import DamagedChampion, find_champion
from tagline.settings import InvalidSettings

_FAULTS = (
    Absent,
    BotoCoreError,
    ClientError,
    Conflict,
    DamagedChampion,
    InvalidSettings,
    NothingToTrain,
    UnreadableDocument,
)
Retrain = Callable[[str], object]
"""Starts a run of a dataset's newest list."""


class NotAllWatched(RuntimeError):
    """Some datasets could not be looked at; the log says why."""


def watch_all(bucket: Bucket, topic: Topic, now: datetime, retrain: Retrain) -> tuple[int, int]:
    """Look at every dataset; returns how many there were, and how many of them drift.

    One that cannot be looked at keeps none of the others from it; then NotAllWatched is raised at
    the end.
    """
    looked, drifted, failed = 0, 0, []
    for dataset in datasets(bucket):
        try:
            report = watch(bucket, dataset, topic, now, retrain)
        except _FAULTS:
            logger.exception("drift could not be looked at", dataset=dataset)
            failed.append(dataset)
            continue
        if report is not None:
            looked += 1
            drifted += report.verdict == "drifted"
    if failed:
        raise NotAllWatched(f"{len(failed)} datasets could not be looked at: {failed[0]} first")
    return looked, drifted


def datasets(bucket: Bucket) -> Iterator[str]:
    """Yield the datasets that something was ever counted of."""
    for name in bucket.folders(""):
        if DATASET.fullmatch(name) and next(bucket.keys(DatasetKeys(name).drift), None):
            yield name


def watch(
    bucket: Bucket, dataset: str, topic: Topic, now: datetime, retrain: Retrain
) -> DriftReport | None:
    """Look at a dataset, leave the report, and tell what is new; None without a champion."""
    champion = find_champion(bucket, dataset)
    if champion is None:
        return None
    settings = read_settings(bucket, DatasetKeys(dataset))
    report = look(bucket, dataset, champion.run, settings.drift, now)
    key = DatasetKeys(dataset).drift_report(now.strftime(HOUR))
    bucket.put(key, encode_on_a_line(report), JSON, tags=KEPT_TAG)
    measure(report)
    state, etag = _state(bucket, dataset, report)
    after, due = news(state, report, now)
    if due:
        topic.tell_drift(alert_of(report, due, bucket.uri(key)))
    again = bool(due) and settings.drift.retrain and may_retrain(state, now)
    if again:
        after = replace(after, retrained_at=report.at)
    bucket.write_over(DatasetKeys(dataset).drift_state, after, etag)
    if again:
        retrain(dataset)
    return report


def alert_of(report: DriftReport, due: set[str], uri: str) -> DriftAlert:
    """Return what is told of a report."""
    return DriftAlert(
        dataset=report.dataset,
        run=report.run,
        said=report.said,
        labels=named(due, "label"),
        inputs=named(due, "files"),
        report=uri,
    )


def _state(bucket: Bucket, dataset: str, report: DriftReport) -> tuple[DriftState, str | None]:
    """Return what was told, and its ETag; what cannot be read is taken for nothing, and said."""
    key, nothing = DatasetKeys(dataset).drift_state, DriftState(hour="", run=report.run)
    try:
        found = bucket.find(key, DriftState)
    except UnreadableDocument as exc:
        logger.warning("what was told of drift is lost", error=str(exc))
        head = bucket.head(key)
        return nothing, head.etag if head else None
    return (found.content, found.etag) if found else (nothing, None)


def measure(report: DriftReport) -> None:
    """Publish a few numbers on a dataset to CloudWatch."""
    values = [each.scores.psi for each in report.labels if each.scores.psi is not None]
    labels = named(drifting(report), "label")
    metrics.add_dimension("dataset", report.dataset)
    metrics.add_metric("DriftImages", MetricUnit.Count, report.images)
    if report.verdict in {"steady", "drifted"}:
        metrics.add_metric("DriftedLabels", MetricUnit.Count, len(labels))
        metrics.add_metric("MaxPsi", MetricUnit.NoUnit, max(values, default=0.0))
    metrics.flush_metrics()
