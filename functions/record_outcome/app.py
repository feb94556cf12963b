"""RecordOutcome: how the run ended, what it cost, and what the next one compares itself with."""

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.formats.outcomes import Ending
from tagline.formats.steps import OutcomeEvent
from tagline.outcomes.cost import cost_of, execution_of
from tagline.outcomes.endings import record_outcome
from tagline.outcomes.keeping import keep


@step
def handler(event: OutcomeEvent) -> Ending:
    """Write latest.json for a judged run, then status.json, which closes the run."""
    bucket = Bucket(clients.s3(), event.bucket)
    execution = execution_of(environment().state_machine, event.run)
    cost = cost_of(execution, bucket, clients.stepfunctions(), clients.sagemaker())
    ending = record_outcome(event, bucket, cost)
    keep(bucket, event.run, ending, environment().stack)
    return ending
