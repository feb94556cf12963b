"""PlanEvaluation: the challenger against whoever is champion at this moment."""

import os
from typing import Any

from tagline.aws import clients
from tagline.aws.observability import Event, step
from tagline.aws.s3json import find_json, read_json
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.jobs.evaluation import Champion, plan_evaluation
from tagline.jobs.training import Stack


@step
def handler(event: Event) -> dict[str, Any]:
    """Return the request; champion.json's ETag goes with the run until it may write there."""
    bucket, keys = event["bucket"], RunKeys(event["run"])
    found = find_json(clients.s3(), bucket, DatasetKeys(keys.dataset).champion)
    champion = None
    if found is not None:
        champion = Champion(found.content["run"], found.content["artifact"], found.etag)
    stack = Stack(
        bucket=bucket,
        image=os.environ["TRAINER_IMAGE"],
        role=os.environ["SAGEMAKER_ROLE_ARN"],
        instance_type=os.environ["EVALUATION_INSTANCE_TYPE"],
    )
    dataset = read_json(clients.s3(), bucket, keys.of("dataset.json"))
    return plan_evaluation(keys.run, event["trained"]["artifact"], champion, dataset, stack)
