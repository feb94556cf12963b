"""RecordFailure: what failed, why, and what to do; also for executions that broke off."""

import os
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from tagline.aws import clients
from tagline.aws.observability import Event, logger, metrics, step
from tagline.formats.names import RUN
from tagline.outcomes.endings import Ending, record_ending
from tagline.outcomes.failed_run import FailedRun, announce, explain, failed_execution


@step
def handler(event: Event) -> dict[str, Any]:
    """Record the failure that a state caught, or that an execution ended with by itself."""
    if "detail" not in event:
        error = event["error"]
        failed = FailedRun(
            event["execution_arn"], event["run"], event["started"], error["Error"], error["Cause"]
        )
        ending, _ = _record(event["bucket"], failed)
        return {
            "outcome": str(ending.outcome),
            "state": ending.state,
            "reason": ending.reason,
            "error": f"{ending.state}Failed",
        }
    run = event["detail"]["name"]
    logger.append_keys(run=run)
    if not RUN.fullmatch(run):
        logger.warning("ignored an execution that is no run: it was started by hand")
        return {"recorded": False}
    failed = failed_execution(event["detail"], run)
    ending, written = _record(os.environ["DATA_BUCKET"], failed)
    if written:
        topic = os.environ["ALERTS_TOPIC_ARN"]
        announce(clients.sns(), topic, os.environ["DATA_BUCKET"], failed, ending)
    return {"recorded": written, "outcome": str(ending.outcome)}


def _record(bucket: str, failed: FailedRun) -> tuple[Ending, bool]:
    ending = explain(clients.stepfunctions(), clients.s3(), bucket, failed)
    ending, written = record_ending(clients.s3(), bucket, failed.run, failed.started, ending)
    if written:
        metrics.add_metric("RunsFailed", MetricUnit.Count, 1)
    return ending, written
