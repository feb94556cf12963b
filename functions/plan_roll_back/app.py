"""PlanRollBack: what brings back the model that champion.json names at this moment."""

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.formats.steps import RollBackAnswer, RollBackEvent
from tagline.outcomes.roll_back import roll_back


@step
def handler(event: RollBackEvent) -> RollBackAnswer:
    """Return whether to restore, delete or keep, and why it came to this."""
    bucket = Bucket(clients.s3(), event.bucket)
    stack = environment().stack
    return roll_back(event, bucket, clients.sagemaker(), clients.stepfunctions(), stack)
