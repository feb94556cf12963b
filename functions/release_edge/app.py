"""ReleaseEdge: the packaged champion is signed and sent to its devices."""

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.edge.releasing import Services, release
from tagline.formats.steps import ReleaseAnswer, ReleaseEvent


@step
def handler(event: ReleaseEvent) -> ReleaseAnswer:
    """Write release.json last. Raises NotReleased, which no retry can cure."""
    here = environment()
    services = Services(
        kms=clients.kms(),
        iot=clients.iot(),
        greengrass=clients.greengrass(),
        key=here.signing_key,
        jobs_role=here.jobs_role,
    )
    return release(event, Bucket(clients.s3(), event.bucket), services)
