"""PlanBatch: cut a dropped list of images into shards, each line accounted for."""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.observability import logger
from tagline.aws.step import step
from tagline.batches.planning import plan_batch
from tagline.formats.batch_steps import BatchInput, BatchPlanAnswer
from tagline.planning.turn import AtOnce, await_turn

MARGIN_SECONDS = 60.0


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Plan a batch when its turn has come; raises TooManyRuns until then, which the flow retries.

    No retry can cure NoChampion, InvalidSettings and UnusableList.
    """

    def work(event: BatchInput) -> BatchPlanAnswer:
        logger.append_keys(batch=event.batch)
        here = environment()
        most = here.batches_at_once
        at_once = AtOnce(most, most, "batches", "BatchesAtOnce", "BatchesAtOnce")
        await_turn(clients.stepfunctions(), here.batch_machine, event.batch, at_once)
        return plan_batch(event, clients.s3(), here.stack, here.source_buckets, seconds_left)

    def seconds_left() -> float:
        return context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS

    return step(work)(event, context)
