"""How a challenger goes live: names, container, fleet, and how traffic moves to it."""

from typing import Literal

from tagline.formats.endpoint_settings import EndpointSettings
from tagline.formats.names import dataset_of_run, endpoint_name, job_name
from tagline.formats.sagemaker import Container, Variant
from tagline.formats.shadow import Shadowing
from tagline.formats.steps import DeploymentAnswer, Scaling, Trial
from tagline.serving.endpoints import BROKEN, Endpoint
from tagline.serving.machines import alone, is_serverless
from tagline.serving.rollout import deployment_config, guards


def plan_deployment(
    *,
    stack: str,
    run: str,
    artifact: str,
    image: str,
    variant: Variant,
    scaling: Scaling | None,
    endpoint: str,
    found: Endpoint | None,
    trial: Trial,
    wanted: EndpointSettings,
    bake: int,
    again: str = "",
    shadow: Shadowing | None = None,
) -> DeploymentAnswer:
    """Return what the deploying states need; `found` is the endpoint as it stands.

    An endpoint that is broken takes no update, nor does one that is to serve in the other mode, as
    there would be no way back from it: it is deleted and made anew. `again` tells the names of a
    run's model and configurations from those that it had before.
    """
    serverless = is_serverless(variant)
    watched = guards(endpoint, wanted)
    moving = deployment_config(wanted, variant, watched, bake)
    routing = moving.blue_green_update_policy.traffic_routing_configuration
    alarm = f"{endpoint_name(stack, dataset_of_run(run))}-5xx"
    return DeploymentAnswer(
        action=_action(found, serverless),
        canary=routing.type != "ALL_AT_ONCE",
        endpoint=endpoint,
        alarm=alarm,
        model=job_name(stack, run, f"model{again}"),
        endpoint_config=job_name(stack, run, f"config{again}"),
        container=Container(image=image, model_data_url=artifact),
        network_isolation=not serverless,
        variant=variant,
        serverless=serverless,
        scaling=scaling,
        trial=trial,
        deployment_config=moving,
        guards=watched,
        shadow=shadow,
    )


def plan_trial(
    stack: str, run: str, endpoint: str, status: str | None, variant: Variant, *, again: str = ""
) -> Trial:
    """Return where a run's challenger is tried; `status` is what the endpoint has already.

    One that is there was left by a run that broke off, or belongs to one that is overtaken.
    """
    left_over = status not in {None, "Deleting"}  # CreateEndpoint is retried until it is gone
    return Trial(
        endpoint=endpoint,
        endpoint_config=job_name(stack, run, f"trial{again}"),
        variant=alone(variant),
        left_over=left_over,
    )


def _action(found: Endpoint | None, serverless: bool) -> Literal["create", "update", "replace"]:
    if found is None or found.status == "Deleting":  # CreateEndpoint is retried until it is gone
        return "create"
    return "replace" if found.status in BROKEN or found.serverless != serverless else "update"
