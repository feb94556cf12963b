"""PlanDeployment: names, container, fleet, trial and roll-out of the challenger's endpoint."""

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.observability import logger
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.formats.keys import RunKeys
from tagline.formats.names import ORDERED, trial_name
from tagline.formats.owners import serving_endpoint
from tagline.formats.plan import Plan
from tagline.formats.steps import DeploymentAnswer, DeploymentEvent
from tagline.jobs.limits import limits
from tagline.planning.standing import find_champion
from tagline.serving.deployment import plan_deployment, plan_trial
from tagline.serving.endpoints import describe
from tagline.serving.machines import hosting, scaling_of
from tagline.serving.shadow_plan import plan_shadow


@step
def handler(event: DeploymentEvent) -> DeploymentAnswer:
    """Return what the deploying states need."""
    keys, here, sagemaker = RunKeys(event.run), environment(), clients.sagemaker()
    bucket, serving = Bucket(clients.s3(), event.bucket), hosting(here)
    wanted = bucket.read(keys.plan, Plan).settings.endpoint
    champion = find_champion(bucket, keys.dataset)
    name = serving_endpoint(here.stack, keys.dataset, champion)
    trial_at = trial_name(here.stack, keys.dataset)
    endpoint, trial = describe(sagemaker, name), describe(sagemaker, trial_at)
    if endpoint and endpoint.config != (champion and champion.endpoint_config):
        logger.warning("the endpoint does not serve the champion", found=endpoint.config)
    if trial:
        logger.warning("another run's trial is there", found=trial.config)
    serving.check(wanted, limits(here))
    variant = serving.variant(wanted)
    ordered = ORDERED.fullmatch(event.execution)
    again = ordered["given"] if ordered else ""
    status = trial.status if trial else None
    shadow = None
    if not ordered:
        shadow = plan_shadow(
            sagemaker,
            bucket,
            stack=here.stack,
            run=keys.run,
            champion=champion,
            found=endpoint,
            wanted=wanted,
            variant=variant,
        )
    return plan_deployment(
        stack=here.stack,
        run=keys.run,
        artifact=event.evaluation.artifact,
        image=serving.image,
        variant=variant,
        scaling=scaling_of(name, wanted),
        endpoint=name,
        found=endpoint,
        trial=plan_trial(here.stack, keys.run, trial_at, status, variant, again=again),
        wanted=wanted,
        bake=here.endpoint_bake_seconds,
        again=again,
        shadow=shadow,
    )
