"""PlanDeployment: names, container, fleet and roll-out of the challenger's endpoint."""

import os
from typing import Any

from tagline.aws import clients
from tagline.aws.observability import Event, step
from tagline.aws.s3json import read_json
from tagline.formats.keys import RunKeys
from tagline.formats.names import endpoint_name
from tagline.serving.deployment import Fleet, plan_deployment
from tagline.serving.endpoints import describe
from tagline.settings.schema import Settings


@step
def handler(event: Event) -> dict[str, Any]:
    """Return what the deploying states need."""
    keys, stack = RunKeys(event["run"]), os.environ["STACK_NAME"]
    plan = read_json(clients.s3(), event["bucket"], keys.of("plan.json"))
    wanted = Settings.from_dict(plan["settings"]).endpoint
    endpoint = describe(clients.sagemaker(), endpoint_name(stack, keys.dataset))
    return plan_deployment(
        run=keys.run,
        stack=stack,
        artifact=event["evaluation"]["artifact"],
        image=os.environ["SERVER_IMAGE"],
        fleet=Fleet(
            wanted.instance_type or os.environ["ENDPOINT_INSTANCE_TYPE"],
            wanted.instance_count or int(os.environ["ENDPOINT_INSTANCE_COUNT"]),
        ),
        status=endpoint.status if endpoint else None,
    )
