"""PlanEvaluation: the challenger against whoever is champion at this moment."""

from dataclasses import replace

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.partitions import prefix_of
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.kinds import Kind
from tagline.formats.outcomes import Champion
from tagline.formats.owners import check_champion, check_kind_of
from tagline.formats.packed import PackedDataset
from tagline.formats.plan import Plan
from tagline.formats.ratings import RatingsDataset
from tagline.formats.steps import EvaluationAnswer, EvaluationEvent
from tagline.jobs.evaluation import plan_evaluation, trained_on
from tagline.jobs.limits import limits, parameter
from tagline.jobs.recommender import OBJECTIVE, plan_comparison
from tagline.jobs.sagemaker import Stack
from tagline.jobs.training import objective_of
from tagline.jobs.trials import read_trials


@step
def handler(event: EvaluationEvent) -> EvaluationAnswer:
    """Return the request; champion.json's ETag goes with the run until it may write there."""
    bucket, keys, here = Bucket(clients.s3(), event.bucket), RunKeys(event.run), environment()
    champion = bucket.find(DatasetKeys(keys.dataset).champion, Champion)
    if champion:
        check_champion(champion.content, keys.dataset, bucket.name, here.stack)
    plan = bucket.read(keys.plan, Plan)
    if champion:
        check_kind_of(champion.content, plan.kind)
    kind = here.evaluation_instance_type
    limits(here).check_type(kind, parameter("EvaluationInstanceType"))
    stack = Stack(here.stack, bucket.name, here.trainer_image, kind)
    trained = event.trained
    if trained.tuning_job:
        ratings = plan.kind is Kind.RATINGS
        metric = OBJECTIVE if ratings else objective_of(plan.settings, plan.task)
        trials = read_trials(clients.sagemaker(), trained.tuning_job, trained.job_name, metric)
        bucket.write(keys.trials, trials)
    if plan.kind is Kind.RATINGS:
        return plan_comparison(
            keys.run,
            trained.artifact,
            champion,
            bucket.read(keys.packed_dataset, RatingsDataset),
            replace(stack, image=here.recommender_image),
            confidence=plan.settings.promotion.confidence,
            searched=bool(trained.tuning_job),
        )
    own, theirs = (keys.verdicts, keys.images), trained_on(champion.content) if champion else ()
    lying = {key: prefix_of(bucket, key) for key in (*own, *theirs)}
    return plan_evaluation(
        keys.run,
        trained.artifact,
        champion,
        bucket.read(keys.packed_dataset, PackedDataset),
        stack,
        confidence=plan.settings.promotion.confidence,
        accuracy=plan.settings.reject_option.accuracy,
        gone=next((key for key in theirs if lying[key] is None), None),
        searched=bool(trained.tuning_job),
        corrections=plan.corrections.key if plan.corrections else None,
        builtin=plan.settings.training.algorithm == "builtin",
        lying={key: prefix for key, prefix in lying.items() if prefix},
    )
