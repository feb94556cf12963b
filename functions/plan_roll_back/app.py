"""PlanRollBack: what brings back the model that champion.json names at this moment."""

import os
from typing import Any

from tagline.aws import clients
from tagline.aws.observability import Event, step
from tagline.aws.s3json import find_json
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.names import endpoint_name, run_of_job
from tagline.outcomes.execution_history import failed_state, newest_events
from tagline.outcomes.roll_back import HANDLERS, plan_roll_back
from tagline.serving.endpoints import Endpoint, describe


@step
def handler(event: Event) -> dict[str, Any]:
    """Return whether to restore, delete or keep, and why it came to this."""
    dataset = event["dataset"]
    champion = find_json(clients.s3(), event["bucket"], DatasetKeys(dataset).champion)
    endpoint = describe(clients.sagemaker(), endpoint_name(os.environ["STACK_NAME"], dataset))
    failed = None
    if "error" in event["state"]:
        events = newest_events(clients.stepfunctions(), event["execution_arn"])
        failed = failed_state(events, HANDLERS)
    serving = champion.content if champion else None
    rival = _rival(event, serving, endpoint)
    return plan_roll_back(event["state"], serving, endpoint, failed, rival)


def _rival(event: Event, champion: dict[str, Any] | None, endpoint: Endpoint | None) -> str | None:
    """Return the run that deployed to the endpoint after this one did, if there is one."""
    evaluated = event["state"].get("evaluation", {}).get("champion_run")
    other = run_of_job(event["dataset"], (endpoint and endpoint.config) or "")
    if other is None or other in {event["run"], evaluated}:
        return None
    if champion and champion["run"] == other:
        return other
    ended = find_json(clients.s3(), event["bucket"], RunKeys(other).of("status.json"))
    return None if ended else other
