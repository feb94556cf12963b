"""RecordFailure: what failed, why, and what to do; also for executions that broke off."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.s3 import Bucket
from tagline.aws.step import Event, step
from tagline.formats.steps import ExecutionEnded, FailureAnswer, FailureEvent, RecordedAnswer
from tagline.outcomes.failed_run import record_broken_off, record_failure
from tagline.outcomes.restoring import Machine


@step
def caught(event: FailureEvent) -> FailureAnswer:
    """Record the failure that a state caught."""
    bucket = Bucket(clients.s3(), event.bucket)
    ending, _ = record_failure(event, clients.stepfunctions(), clients.sagemaker(), bucket)
    return FailureAnswer(
        outcome=ending.outcome,
        state=ending.state,
        reason=ending.reason,
        error=f"{ending.state}Failed",
    )


@step
def broken_off(event: ExecutionEnded) -> RecordedAnswer:
    """Record the failure that an execution ended with by itself; let the champion come back."""
    here = environment()
    return record_broken_off(
        event.detail,
        Bucket(clients.s3(), here.data_bucket),
        Machine(clients.stepfunctions(), here.state_machine, here.stack),
        clients.sagemaker(),
        sns=clients.sns(),
        topic=here.alerts_topic,
    )


def handler(event: Event, context: LambdaContext) -> dict[str, Any]:
    """Answer the state machine's Catch, or EventBridge, whose events have a detail."""
    return (broken_off if "detail" in event else caught)(event, context)
