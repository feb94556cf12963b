"""PlanDataset: read, check and split what was dropped, account for every row."""

from aws_lambda_powertools.metrics import MetricUnit
from msgspec.structs import replace

from tagline.aws import clients
from tagline.aws.environment import Environment, environment
from tagline.aws.observability import metrics
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.formats.kinds import Kind
from tagline.formats.names import kind_of_key
from tagline.formats.steps import PlanAnswer, PlanEvent
from tagline.planning.in_task import answer_of_task, plan_here_or_in_task
from tagline.planning.ratings import plan_ratings
from tagline.planning.room import Room
from tagline.planning.sent import devices_wait
from tagline.planning.standing import find_champion
from tagline.planning.turn import AtOnce, await_turn
from tagline.serving.endpoints import needs_redeployment


@step
def handler(event: PlanEvent) -> PlanAnswer:
    """Plan a run when its turn has come; raises TooManyRuns until then, which the flow retries.

    A list that no function holds is left to PlanInTask, behind which this is called again.
    UnusableList and InvalidSettings no retry can cure.
    """
    here, bucket = environment(), Bucket(clients.s3(), event.bucket)
    answer = answer_of_task(bucket, event.run) if event.plan.in_task else None
    answer = answer or _planned(event, here)
    if answer.in_task:
        return answer
    metrics.add_metric("RowsAccepted", MetricUnit.Count, answer.accepted)
    metrics.add_metric("RowsRejected", MetricUnit.Count, answer.rejected)
    metrics.add_metric("RowsReused", MetricUnit.Count, answer.reused)
    champion = find_champion(bucket, event.dataset)
    redeploy = needs_redeployment(clients.sagemaker(), bucket, here.stack, event.dataset, champion)
    answer = replace(answer, redeploy=redeploy and not answer.superseded)
    if not answer.unchanged or redeploy:
        return answer
    waits = devices_wait(bucket, event.dataset, champion)
    return replace(answer, edge=True, reason=f"{answer.reason}; {waits}") if waits else answer


def _planned(event: PlanEvent, here: Environment) -> PlanAnswer:
    most = AtOnce(stack=here.runs_at_once, dataset=here.dataset_runs_at_once)
    await_turn(clients.stepfunctions(), here.state_machine, event.run, most)
    if kind_of_key(event.list.key) is Kind.RATINGS:
        return plan_ratings(event, clients.s3())
    room = Room(here.plan_in_task_above, here.function_memory)
    return plan_here_or_in_task(event, clients.s3(), here.source_buckets, room)
