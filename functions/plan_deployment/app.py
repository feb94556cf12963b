"""PlanDeployment: names, container, fleet, trial and roll-out of the challenger's endpoint."""

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.observability import logger
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.formats.keys import RunKeys
from tagline.formats.names import endpoint_name, trial_name
from tagline.formats.plan import Plan
from tagline.formats.steps import DeploymentAnswer, DeploymentEvent
from tagline.planning.standing import find_champion
from tagline.serving.deployment import hosting, plan_deployment, plan_trial
from tagline.serving.endpoints import describe


@step
def handler(event: DeploymentEvent) -> DeploymentAnswer:
    """Return what the deploying states need."""
    keys, here, sagemaker = RunKeys(event.run), environment(), clients.sagemaker()
    bucket, serving = Bucket(clients.s3(), event.bucket), hosting(here)
    wanted = bucket.read(keys.plan, Plan).settings.endpoint
    name, trial_at = endpoint_name(here.stack, keys.dataset), trial_name(here.stack, keys.dataset)
    endpoint, trial = describe(sagemaker, name), describe(sagemaker, trial_at)
    champion = find_champion(bucket, keys.dataset)
    if endpoint and endpoint.config != (champion and champion.endpoint_config):
        logger.warning("the endpoint does not serve the champion", found=endpoint.config)
    if trial:
        logger.warning("another run's trial is there", found=trial.config)
    return plan_deployment(
        run=keys.run,
        artifact=event.evaluation.artifact,
        image=serving.image,
        fleet=serving.fleet_for(wanted),
        endpoint=name,
        status=endpoint.status if endpoint else None,
        trial=plan_trial(keys.run, trial_at, trial.status if trial else None),
    )
