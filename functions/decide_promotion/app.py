"""DecidePromotion: whether the challenger beats the champion by the margin."""

from tagline.aws import clients
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.formats.keys import RunKeys
from tagline.formats.models import Metrics
from tagline.formats.outcomes import Decision
from tagline.formats.plan import Plan
from tagline.formats.steps import DecisionEvent
from tagline.serving.promotion import decide


@step
def handler(event: DecisionEvent) -> Decision:
    """Return the decision and keep it in the run's files."""
    bucket, keys = Bucket(clients.s3(), event.bucket), RunKeys(event.run)
    metrics = bucket.read(keys.metrics, Metrics)
    rule = bucket.read(keys.plan, Plan).settings.promotion
    decision = decide(metrics, event.evaluation.champion_run, rule)
    bucket.write(keys.decision, decision)
    return decision
