"""Who is told of failures, and how often: the first of a dataset at once, the rest together.

Whoever may drop lists could otherwise have a mail sent for each. `alerts.json` of the bucket
remembers which failures were told within the hour and gathers those that followed; a schedule
tells them as one message.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from tagline.aws.faults import Conflict
from tagline.aws.observability import logger
from tagline.aws.s3 import Bucket
from tagline.formats.document import Record, UnreadableDocument
from tagline.formats.drift import DriftAlert
from tagline.formats.keys import RunKeys
from tagline.formats.locations import Location
from tagline.formats.outcomes import ALERTS_KEY, Alert, Alerts, Digest, Ending, Told, Waiting

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

PERIOD = timedelta(hours=1)  # templates/outcomes.yaml has the schedule
MOST_AT_ONCE = 10  # datasets whose failures are told at once within a period
_KEPT, _DATASETS = 50, 100  # runs, and datasets, that a digest names
_SUBJECT = 100  # characters; SNS's limit
_REASON = 300  # characters
_ATTEMPTS = 20  # as often as others may write between


@dataclass(frozen=True)
class Topic:
    """Where failures are announced."""

    client: "SNSClient"
    arn: str

    def tell(self, alert: Alert) -> None:
        """Tell of one failure, in the words of its status.json."""
        attribute: MessageAttributeValueTypeDef = {
            "DataType": "String",
            "StringValue": alert.dataset,
        }
        self._publish(f"Tagline: a run of {alert.dataset} failed", alert, attribute)

    def tell_all(self, digest: Digest) -> None:
        """Tell of several; a subscription's filter on a dataset matches each that is named."""
        attribute: MessageAttributeValueTypeDef = {
            "DataType": "String.Array",
            "StringValue": json.dumps(list(digest.datasets)),
        }
        self._publish(f"Tagline: {digest.failed} more runs failed", digest, attribute)

    def tell_drift(self, alert: DriftAlert) -> None:
        """Tell that what is tagged is no longer like what a champion was validated on."""
        attribute: MessageAttributeValueTypeDef = {
            "DataType": "String",
            "StringValue": alert.dataset,
        }
        self._publish(f"Tagline: {alert.dataset} drifts", alert, attribute)

    def _publish(
        self, subject: str, said: Record, datasets: "MessageAttributeValueTypeDef"
    ) -> None:
        self.client.publish(
            TopicArn=self.arn,
            Subject=subject[:_SUBJECT],
            Message=msgspec.json.encode(said).decode(),
            MessageAttributes={"dataset": datasets},
        )


def alert_of(bucket: Bucket, run: str, ending: Ending, execution_arn: str) -> Alert:
    """Return what is told of a run that failed."""
    keys = RunKeys(run)
    return Alert(
        run=run,
        dataset=keys.dataset,
        outcome=ending.outcome,
        state=ending.state,
        reason=ending.reason,
        status=Location(bucket.name, keys.status).uri,
        execution=execution_arn,
    )


def announce(alert: Alert, bucket: Bucket, topic: Topic) -> bool:
    """Tell of a failure now, or leave it to the next digest; True when it was told.

    Repeated for the same run it does the same again, so that none is lost.
    """
    after = _update(bucket, lambda alerts: with_failure(alerts, alert, datetime.now(UTC)))
    told = after.told.get(alert.dataset)
    if told is None or told.run != alert.run:
        return False
    topic.tell(alert)
    return True


def tell_waiting(bucket: Bucket, topic: Topic) -> int:
    """Tell what waits as one message; returns of how many failures.

    A failure that comes meanwhile waits for the next one. Where this breaks off between telling
    and forgetting, the digest is told twice.
    """
    digest = digest_of(_find(bucket)[0])
    if digest is None:
        return 0
    topic.tell_all(digest)
    told = {waiting.run for waiting in digest.runs}
    _update(bucket, lambda alerts: without(alerts, digest, told))
    return digest.failed


def with_failure(alerts: Alerts, alert: Alert, now: datetime) -> Alerts:
    """Return the alerts with one more: told at once, where its dataset's turn is, or waiting."""
    lately = {
        dataset: told
        for dataset, told in alerts.told.items()
        if now - datetime.fromisoformat(told.at) < PERIOD
    }
    at = now.isoformat(timespec="seconds").replace("+00:00", "Z")
    known = alert.run in {waiting.run for waiting in alerts.waiting}
    before = lately.get(alert.dataset)
    if known or (before and before.run == alert.run):
        return replace(alerts, told=lately)
    if before is None and len(lately) < MOST_AT_ONCE:
        return replace(alerts, told={**lately, alert.dataset: Told(run=alert.run, at=at)})
    waiting = Waiting(
        run=alert.run, dataset=alert.dataset, state=alert.state, reason=alert.reason[:_REASON]
    )
    counts = {**alerts.counts, alert.dataset: alerts.counts.get(alert.dataset, 0) + 1}
    return replace(
        alerts,
        told=lately,
        waiting=[*alerts.waiting, waiting][-_KEPT:],
        counts=counts,
        since=alerts.since or at,
    )


def digest_of(alerts: Alerts) -> Digest | None:
    """Return what is to tell of the failures that wait; None without any."""
    if not alerts.counts:
        return None
    most = sorted(alerts.counts.items(), key=lambda item: (-item[1], item[0]))
    return Digest(
        since=alerts.since or "",
        failed=sum(alerts.counts.values()),
        datasets=dict(most[:_DATASETS]),
        runs=alerts.waiting,
    )


def without(alerts: Alerts, digest: Digest, told: set[str]) -> Alerts:
    """Return the alerts without what a digest told: its counts, and the runs that it named."""
    everything = digest.failed == sum(alerts.counts.values())
    left = {
        dataset: count - digest.datasets.get(dataset, 0)
        for dataset, count in alerts.counts.items()
        if not everything
    }
    counts = {dataset: count for dataset, count in left.items() if count > 0}
    waiting = [each for each in alerts.waiting if each.run not in told] if counts else []
    return replace(alerts, waiting=waiting, counts=counts, since=alerts.since if counts else None)


def _find(bucket: Bucket) -> tuple[Alerts, str | None]:
    """Return the alerts and their ETag; what cannot be read is taken for absent, and said."""
    try:
        found = bucket.find(ALERTS_KEY, Alerts)
    except UnreadableDocument as exc:
        logger.warning("what waited to be told is lost", error=str(exc))
        head = bucket.head(ALERTS_KEY)
        return Alerts(), head.etag if head else None
    return (found.content, found.etag) if found else (Alerts(), None)


def _update(bucket: Bucket, change: Callable[[Alerts], Alerts]) -> Alerts:
    """Change the document over the version that was read; raises Conflict after many attempts."""
    for attempt in range(_ATTEMPTS):
        before, etag = _find(bucket)
        after = change(before)
        try:
            bucket.write_over(ALERTS_KEY, after, etag)
        except Conflict:
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return after
    raise AssertionError("unreachable")
