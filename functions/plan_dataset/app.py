"""PlanDataset: read and check the list, split it, cut it into shards, account for every row."""

import os
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from tagline.aws import clients
from tagline.aws.observability import metrics, step
from tagline.planning.plan import PlanRequest, plan_dataset


@step
def handler(event: Mapping[str, Any]) -> dict[str, Any]:
    """Plan a run; raises UnusableList or InvalidSettings, which no retry can cure."""
    names = os.environ.get("SOURCE_BUCKETS", "").split(",")
    source_buckets = {name.strip() for name in names} - {""}
    answer = plan_dataset(PlanRequest.from_event(event), clients.s3(), source_buckets)
    metrics.add_metric("RowsAccepted", MetricUnit.Count, answer["accepted"])
    metrics.add_metric("RowsRejected", MetricUnit.Count, answer["rejected"])
    metrics.add_metric("RowsReused", MetricUnit.Count, answer["reused"])
    return dict(answer)
