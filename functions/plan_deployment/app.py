"""PlanDeployment: names, container, fleet and roll-out of the challenger's endpoint."""

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.observability import logger
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.formats.keys import RunKeys
from tagline.formats.owners import serving_endpoint
from tagline.formats.plan import Plan
from tagline.formats.steps import DeploymentAnswer, DeploymentEvent, Fleet
from tagline.planning.standing import find_champion
from tagline.serving.deployment import plan_deployment
from tagline.serving.endpoints import describe


@step
def handler(event: DeploymentEvent) -> DeploymentAnswer:
    """Return what the deploying states need."""
    keys, here = RunKeys(event.run), environment()
    bucket = Bucket(clients.s3(), event.bucket)
    wanted = bucket.read(keys.plan, Plan).settings.endpoint
    champion = find_champion(bucket, keys.dataset)
    name = serving_endpoint(here.stack, keys.dataset, champion)
    endpoint = describe(clients.sagemaker(), name)
    if endpoint and endpoint.config != (champion and champion.endpoint_config):
        logger.warning("the endpoint does not serve the champion", found=endpoint.config)
    return plan_deployment(
        stack=here.stack,
        run=keys.run,
        artifact=event.evaluation.artifact,
        image=here.server_image,
        fleet=Fleet(
            instance_type=wanted.instance_type or here.endpoint_instance_type,
            instance_count=wanted.instance_count or here.endpoint_instance_count,
        ),
        endpoint=name,
        status=endpoint.status if endpoint else None,
    )
