"""PlanEvaluation: the challenger against whoever is champion at this moment."""

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.outcomes import Champion
from tagline.formats.owners import check_champion
from tagline.formats.packed import PackedDataset
from tagline.formats.plan import Plan
from tagline.formats.steps import EvaluationAnswer, EvaluationEvent
from tagline.jobs.evaluation import plan_evaluation, trained_on
from tagline.jobs.limits import limits, parameter
from tagline.jobs.sagemaker import Stack
from tagline.jobs.training import objective_of
from tagline.jobs.trials import read_trials


@step
def handler(event: EvaluationEvent) -> EvaluationAnswer:
    """Return the request; champion.json's ETag goes with the run until it may write there."""
    bucket, keys, here = Bucket(clients.s3(), event.bucket), RunKeys(event.run), environment()
    gone = None
    champion = bucket.find(DatasetKeys(keys.dataset).champion, Champion)
    if champion:
        check_champion(champion.content, keys.dataset, bucket.name, here.stack)
        needed = trained_on(champion.content)
        gone = next((key for key in needed if key not in bucket.keys(key)), None)
    dataset = bucket.read(keys.packed_dataset, PackedDataset)
    plan = bucket.read(keys.plan, Plan)
    kind = here.evaluation_instance_type
    limits(here).check_type(kind, parameter("EvaluationInstanceType"))
    stack = Stack(here.stack, bucket.name, here.trainer_image, kind)
    trained = event.trained
    if trained.tuning_job:
        trials = read_trials(
            clients.sagemaker(), trained.tuning_job, trained.job_name, objective_of(plan.settings)
        )
        bucket.write(keys.trials, trials)
    return plan_evaluation(
        keys.run,
        trained.artifact,
        champion,
        dataset,
        stack,
        confidence=plan.settings.promotion.confidence,
        gone=gone,
        searched=bool(trained.tuning_job),
        corrections=plan.corrections.key if plan.corrections else None,
        builtin=plan.settings.training.algorithm == "builtin",
    )
