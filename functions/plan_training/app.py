"""PlanTraining: dataset facts and settings to a complete, checked request."""

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.formats.keys import RunKeys
from tagline.formats.kinds import Kind
from tagline.formats.packed import PackedDataset
from tagline.formats.plan import Plan
from tagline.formats.ratings import RatingsDataset
from tagline.formats.steps import RunEvent, TrainPlan, TunePlan
from tagline.jobs.limits import Spending, limits
from tagline.jobs.recommender import plan_recommender
from tagline.jobs.sagemaker import Stack
from tagline.jobs.starting import weights_to_start_from
from tagline.jobs.training import images_seen, plan_training
from tagline.pricing.table import price_list


@step
def handler(event: RunEvent) -> TrainPlan | TunePlan:
    """Return the request and keep it in the run's files."""
    bucket, keys, here = Bucket(clients.s3(), event.bucket), RunKeys(event.run), environment()
    plan = bucket.read(keys.plan, Plan)
    settings, region = plan.settings, clients.s3().meta.region_name
    spending = Spending(limits(here), price_list(bucket, region))
    if plan.kind is Kind.RATINGS:
        planned = plan_recommender(
            keys.run,
            bucket.read(keys.packed_dataset, RatingsDataset),
            settings,
            Stack(here.stack, bucket.name, here.recommender_image, here.training_instance_type),
            role=here.sagemaker_role,
            spending=spending,
        )
        bucket.write(keys.training_plan, planned)
        return planned
    dataset = bucket.read(keys.packed_dataset, PackedDataset)
    stack = Stack(
        here.stack,
        bucket.name,
        here.trainer_image,
        here.training_instance_type,
        torch_image=here.torch_trainer_image,
        script_image=here.script_image,
        region=region,
    )
    weights = weights_to_start_from(
        bucket, keys, settings, here.stack, seen=images_seen(dataset, settings)
    )
    planned = plan_training(
        keys.run,
        dataset,
        settings,
        stack,
        role=here.sagemaker_role,
        spending=spending,
        start=weights.uri,
        without=weights.without,
    )
    bucket.write(keys.training_plan, planned)
    return planned
