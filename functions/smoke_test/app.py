"""SmokeTest: the endpoint must answer what the evaluation saw."""

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.formats.steps import SmokeAnswer, SmokeEvent
from tagline.serving.logs import limit_logs
from tagline.serving.smoke import check_run


@step
def handler(event: SmokeEvent) -> SmokeAnswer:
    """Return how many images or histories were checked."""
    awaited = event.awaited
    bucket, endpoint = Bucket(clients.s3(), event.bucket), awaited.endpoint
    checked = check_run(clients.sagemaker_runtime(), endpoint, bucket, awaited.run)
    limit_logs(clients.logs(), endpoint, environment().log_retention_days)
    return SmokeAnswer(checked=checked)
