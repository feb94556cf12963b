"""PlanDataset: read, check and split what was dropped, account for every row."""

from aws_lambda_powertools.metrics import MetricUnit
from msgspec.structs import replace

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.observability import metrics
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.formats.kinds import Kind
from tagline.formats.names import kind_of_key
from tagline.formats.steps import PlanAnswer, RunInput
from tagline.planning.plan import plan_dataset
from tagline.planning.ratings import plan_ratings
from tagline.planning.sent import devices_wait
from tagline.planning.standing import find_champion
from tagline.planning.turn import AtOnce, await_turn
from tagline.serving.endpoints import needs_redeployment


@step
def handler(event: RunInput) -> PlanAnswer:
    """Plan a run when its turn has come; raises TooManyRuns until then, which the flow retries.

    UnusableList and InvalidSettings no retry can cure.
    """
    here = environment()
    most = AtOnce(stack=here.runs_at_once, dataset=here.dataset_runs_at_once)
    await_turn(clients.stepfunctions(), here.state_machine, event.run, most)
    if kind_of_key(event.list.key) is Kind.RATINGS:
        answer = plan_ratings(event, clients.s3())
    else:
        answer = plan_dataset(event, clients.s3(), here.source_buckets)
    metrics.add_metric("RowsAccepted", MetricUnit.Count, answer.accepted)
    metrics.add_metric("RowsRejected", MetricUnit.Count, answer.rejected)
    metrics.add_metric("RowsReused", MetricUnit.Count, answer.reused)
    bucket = Bucket(clients.s3(), event.bucket)
    champion = find_champion(bucket, event.dataset)
    redeploy = needs_redeployment(clients.sagemaker(), bucket, here.stack, event.dataset, champion)
    answer = replace(answer, redeploy=redeploy and not answer.superseded)
    if not answer.unchanged or redeploy:
        return answer
    waits = devices_wait(bucket, event.dataset, champion)
    return replace(answer, edge=True, reason=f"{answer.reason}; {waits}") if waits else answer
