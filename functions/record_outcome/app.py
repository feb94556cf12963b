"""RecordOutcome: how the run ended, and what the next one compares itself with."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from tagline.aws import clients
from tagline.aws.observability import Event, metrics, step
from tagline.outcomes.endings import JUDGED, ending_of, record_ending, record_latest


@step
def handler(event: Event) -> dict[str, Any]:
    """Write latest.json for a judged run, then status.json, which closes the run."""
    bucket, run, ending = event["bucket"], event["run"], ending_of(event)
    if ending.outcome in JUDGED:
        record_latest(clients.s3(), bucket, run, ending.outcome)
    ending, written = record_ending(clients.s3(), bucket, run, event["started"], ending)
    if written:
        metrics.add_metric(f"Runs{ending.outcome}", MetricUnit.Count, 1)
    return {"outcome": str(ending.outcome), "state": ending.state, "reason": ending.reason}
