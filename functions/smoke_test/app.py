"""SmokeTest: the endpoint must answer what the evaluation saw."""

from tagline.aws import clients
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.formats.keys import RunKeys
from tagline.formats.models import Smoke
from tagline.formats.steps import SmokeAnswer, SmokeEvent
from tagline.serving.smoke import check_endpoint


@step
def handler(event: SmokeEvent) -> SmokeAnswer:
    """Return how many images were checked."""
    awaited = event.awaited
    expected = Bucket(clients.s3(), event.bucket).read(RunKeys(awaited.run).smoke, Smoke)
    endpoint = awaited.endpoint
    return SmokeAnswer(checked=check_endpoint(clients.sagemaker_runtime(), endpoint, expected))
