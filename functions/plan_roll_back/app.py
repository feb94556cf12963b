"""PlanRollBack: what brings back the model that champion.json names at this moment."""

import os
from typing import Any

from tagline import aws
from tagline.endpoints import describe
from tagline.execution_history import failed_state, newest_events
from tagline.layout import DatasetKeys
from tagline.names import endpoint_name
from tagline.observability import Event, step
from tagline.rollback import HANDLERS, plan_roll_back
from tagline.s3json import find_json


@step
def handler(event: Event) -> dict[str, Any]:
    """Return whether to restore, delete or keep, and why it came to this."""
    dataset = event["dataset"]
    champion = find_json(aws.s3(), event["bucket"], DatasetKeys(dataset).champion)
    endpoint = describe(aws.sagemaker(), endpoint_name(os.environ["STACK_NAME"], dataset))
    failed = None
    if "error" in event["state"]:
        events = newest_events(aws.stepfunctions(), event["execution_arn"])
        failed = failed_state(events, HANDLERS)
    return plan_roll_back(event["state"], champion.content if champion else None, endpoint, failed)
