"""PlanTraining: dataset facts and settings to a complete, checked request."""

import os
from typing import Any

from tagline import aws
from tagline.layout import RunKeys
from tagline.observability import Event, step
from tagline.s3json import read_json, write_json
from tagline.settings import Settings
from tagline.training_request import Facts, Stack, plan_training


@step
def handler(event: Event) -> dict[str, Any]:
    """Return the request and keep it in the run's files."""
    bucket, keys = event["bucket"], RunKeys(event["run"])
    plan = read_json(aws.s3(), bucket, keys.of("plan.json"))
    facts = Facts.of(read_json(aws.s3(), bucket, keys.of("dataset.json")))
    stack = Stack(
        bucket=bucket,
        image=os.environ["TRAINER_IMAGE"],
        role=os.environ["SAGEMAKER_ROLE_ARN"],
        instance_type=os.environ["TRAINING_INSTANCE_TYPE"],
    )
    planned = plan_training(keys.run, facts, Settings.from_dict(plan["settings"]), stack)
    write_json(aws.s3(), bucket, keys.of("training.json"), planned)
    return planned
