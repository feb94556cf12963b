"""DecidePromotion: whether the challenger is proven better than the champion."""

import msgspec

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.formats.keys import RunKeys
from tagline.formats.kinds import Kind
from tagline.formats.models import Metrics
from tagline.formats.plan import Plan
from tagline.formats.recommending import RatingsMetrics
from tagline.formats.steps import DecisionAnswer, DecisionEvent
from tagline.planning.standing import find_champion, overtaken_by
from tagline.serving.endpoints import needs_redeployment
from tagline.serving.promotion import decide, give_way, hold_back


@step
def handler(event: DecisionEvent) -> DecisionAnswer:
    """Return the decision and keep it in the run's files."""
    bucket, keys = Bucket(clients.s3(), event.bucket), RunKeys(event.run)
    plan = bucket.read(keys.plan, Plan)
    metrics = (
        bucket.read(keys.metrics, RatingsMetrics)
        if plan.kind is Kind.RATINGS
        else bucket.read(keys.metrics, Metrics)
    )
    decision = decide(metrics, event.evaluation.champion_run, plan.settings.promotion)
    if plan.candidate:
        decision = hold_back(decision, event.run, plan.tried)
    elif newer := overtaken_by(bucket, event.run):
        decision = give_way(decision, newer)
    bucket.write(keys.decision, decision)
    champion = find_champion(bucket, keys.dataset)
    redeploy = not decision.promote and needs_redeployment(
        clients.sagemaker(), bucket, environment().stack, keys.dataset, champion
    )
    return msgspec.convert(
        msgspec.structs.asdict(decision) | {"redeploy": redeploy}, DecisionAnswer
    )
