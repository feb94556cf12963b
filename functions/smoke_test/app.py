"""SmokeTest: the endpoint must answer what the evaluation saw."""

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.formats.keys import RunKeys
from tagline.formats.models import Smoke
from tagline.formats.steps import SmokeAnswer, SmokeEvent
from tagline.serving.logs import limit_logs
from tagline.serving.smoke import check_endpoint


@step
def handler(event: SmokeEvent) -> SmokeAnswer:
    """Return how many images were checked."""
    awaited = event.awaited
    expected = Bucket(clients.s3(), event.bucket).read(RunKeys(awaited.run).smoke, Smoke)
    endpoint = awaited.endpoint
    checked = check_endpoint(clients.sagemaker_runtime(), endpoint, expected)
    limit_logs(clients.logs(), endpoint, environment().log_retention_days)
    return SmokeAnswer(checked=checked)
