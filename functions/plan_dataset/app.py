"""PlanDataset: read and check the list, split it, cut it into shards, account for every row."""

from aws_lambda_powertools.metrics import MetricUnit

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.observability import metrics
from tagline.aws.step import step
from tagline.formats.steps import PlanAnswer, RunInput
from tagline.planning.plan import plan_dataset


@step
def handler(event: RunInput) -> PlanAnswer:
    """Plan a run; raises UnusableList or InvalidSettings, which no retry can cure."""
    answer = plan_dataset(event, clients.s3(), environment().source_buckets)
    metrics.add_metric("RowsAccepted", MetricUnit.Count, answer.accepted)
    metrics.add_metric("RowsRejected", MetricUnit.Count, answer.rejected)
    metrics.add_metric("RowsReused", MetricUnit.Count, answer.reused)
    return answer
