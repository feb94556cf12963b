"""PlanTraining: dataset facts and settings to a complete, checked request."""

import os
from typing import Any

from tagline.aws import clients
from tagline.aws.observability import Event, step
from tagline.aws.s3json import read_json, write_json
from tagline.formats.keys import RunKeys
from tagline.jobs.training import Facts, Stack, plan_training
from tagline.settings.schema import Settings


@step
def handler(event: Event) -> dict[str, Any]:
    """Return the request and keep it in the run's files."""
    bucket, keys = event["bucket"], RunKeys(event["run"])
    plan = read_json(clients.s3(), bucket, keys.of("plan.json"))
    facts = Facts.of(read_json(clients.s3(), bucket, keys.of("dataset.json")))
    stack = Stack(
        bucket=bucket,
        image=os.environ["TRAINER_IMAGE"],
        role=os.environ["SAGEMAKER_ROLE_ARN"],
        instance_type=os.environ["TRAINING_INSTANCE_TYPE"],
    )
    planned = plan_training(keys.run, facts, Settings.from_dict(plan["settings"]), stack)
    write_json(clients.s3(), bucket, keys.of("training.json"), planned)
    return planned
