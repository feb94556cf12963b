"""PlanRollBack: what brings back the model that champion.json names at this moment."""

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.formats.steps import RollBackAnswer, RollBackEvent
from tagline.outcomes.roll_back import roll_back
from tagline.serving.machines import hosting


@step
def handler(event: RollBackEvent) -> RollBackAnswer:
    """Return whether to restore, delete or keep, and why it came to this."""
    bucket, here = Bucket(clients.s3(), event.bucket), environment()
    sagemaker, states = clients.sagemaker(), clients.stepfunctions()
    return roll_back(event, bucket, sagemaker, states, stack=here.stack, hosting=hosting(here))
