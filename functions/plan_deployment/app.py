"""PlanDeployment: names, container, fleet and roll-out of the challenger's endpoint."""

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.observability import logger
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.formats.keys import RunKeys
from tagline.formats.names import endpoint_name
from tagline.formats.plan import Plan
from tagline.formats.steps import DeploymentAnswer, DeploymentEvent, Fleet
from tagline.jobs.limits import limits
from tagline.planning.standing import find_champion
from tagline.serving.deployment import plan_deployment
from tagline.serving.endpoints import describe
from tagline.serving.machines import choose


@step
def handler(event: DeploymentEvent) -> DeploymentAnswer:
    """Return what the deploying states need."""
    keys, here = RunKeys(event.run), environment()
    bucket = Bucket(clients.s3(), event.bucket)
    wanted = bucket.read(keys.plan, Plan).settings.endpoint
    name = endpoint_name(here.stack, keys.dataset)
    endpoint = describe(clients.sagemaker(), name)
    champion = find_champion(bucket, keys.dataset)
    if endpoint and endpoint.config != (champion and champion.endpoint_config):
        logger.warning("the endpoint does not serve the champion", found=endpoint.config)
    default = Fleet(
        instance_type=here.endpoint_instance_type, instance_count=here.endpoint_instance_count
    )
    return plan_deployment(
        run=keys.run,
        artifact=event.evaluation.artifact,
        image=here.server_image,
        machines=choose(name, wanted, default, limits(here)),
        endpoint=name,
        found=endpoint,
    )
