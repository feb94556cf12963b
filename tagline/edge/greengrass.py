"""A release by AWS IoT Greengrass: a version of the dataset's component, and its deployments."""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tagline.edge.errors import NotReleased
from tagline.edge.outgoing import Outgoing
from tagline.edge.recipe_rules import WrongRecipe, check_recipe, read_recipe
from tagline.edge.recipes import DEFAULTS, recipe
from tagline.formats.edge import EdgeDeployment
from tagline.formats.edge_keys import component_name

_TOKEN = 64  # characters that AWS takes
_NOTICE_SECONDS = 60  # that a component has to get ready in before it is updated
_PROGRESS_MINUTES = 60
_LOOKS, _BETWEEN_LOOKS = 30, 2.0  # seconds; AWS reads the artifact meanwhile
POLICIES = {
    "failureHandlingPolicy": "ROLLBACK",
    "componentUpdatePolicy": {
        "action": "NOTIFY_COMPONENTS",
        "timeoutInSeconds": _NOTICE_SECONDS,
    },
}
"""Of each deployment: a device that fails goes back to what it ran."""


def publish(client: Any, outgoing: Outgoing, region_of: str) -> tuple[str, Outgoing]:
    """Make the component's version; return its ARN, and what it was made with.

    One that an earlier attempt made counts, with its signature, where it is of the same archive.
    Raises NotReleased for one of another, and where the recipe breaks the rules. `region_of` is
    the ARN of anything in the account and region.
    """
    made = recipe(
        dataset=outgoing.dataset,
        version=outgoing.version,
        artifact=outgoing.artifact.uri,
        statement=outgoing.statement,
        signature=outgoing.signature,
        about=f"Run {outgoing.run}",
    )
    try:
        check_recipe(made, [outgoing.artifact.bucket])
    except WrongRecipe as exc:
        raise NotReleased(f"the component's recipe breaks the rules: {exc}") from exc
    text = json.dumps(made)
    try:
        answer = client.create_component_version(
            inlineRecipe=text.encode(), clientToken=_token(text)
        )
    except client.exceptions.ConflictException:
        arn = _arn(outgoing, region_of)
        outgoing = _as_made(client, arn, outgoing)
    else:
        arn = str(answer["arn"])
    _await_deployable(client, arn)
    return arn, outgoing


def deploy(
    client: Any, outgoing: Outgoing, component: str, groups: Mapping[str, str]
) -> tuple[EdgeDeployment, ...]:
    """Deploy the component's version to each thing group, by name and ARN.

    A group has one deployment: the components that others deployed to it stay in it, and so does
    what a person set of ours.
    """
    name = component_name(outgoing.dataset)
    made = []
    for target, arn in groups.items():
        latest = _latest(client, arn)
        before = latest.get("components", {}).get(name, {}).get("configurationUpdate", {})
        update = {key: value for key, value in before.items() if key == "merge"}
        ours = {
            "componentVersion": outgoing.version,
            "configurationUpdate": {"reset": [f"/{key}" for key in DEFAULTS], **update},
        }
        answer = client.create_deployment(
            targetArn=arn,
            deploymentName=latest.get("deploymentName") or f"Tagline: {target}",
            components={**latest.get("components", {}), name: ours},
            deploymentPolicies=POLICIES,
            iotJobConfiguration={
                "timeoutConfig": {"inProgressTimeoutInMinutes": _PROGRESS_MINUTES}
            },
            clientToken=_token(component, arn),
        )
        made.append(EdgeDeployment(target=target, id=answer["deploymentId"]))
    return tuple(made)


def _await_deployable(client: Any, arn: str) -> None:
    """Return once a version can be deployed; raises NotReleased where it cannot be."""
    for _ in range(_LOOKS):
        status = client.describe_component(arn=arn)["status"]
        if status["componentState"] == "DEPLOYABLE":
            return
        if status["componentState"] != "REQUESTED":
            told = "; ".join([status.get("message", ""), *status.get("errors", {}).values()])
            raise NotReleased(f"{arn} is {status['componentState']}: {told}")
        time.sleep(_BETWEEN_LOOKS)
    raise NotReleased(f"{arn} could not be deployed for a minute: drop the list again later")


def _latest(client: Any, target: str) -> dict[str, Any]:
    """Return the group's deployment; nothing where it has none."""
    listed = client.list_deployments(targetArn=target, historyFilter="LATEST_ONLY")["deployments"]
    if not listed:
        return {}
    found: dict[str, Any] = client.get_deployment(deploymentId=listed[0]["deploymentId"])
    return found


def _as_made(client: Any, arn: str, outgoing: Outgoing) -> Outgoing:
    """Return what the version that is there was made with; raises NotReleased for another."""
    answer = client.get_component(arn=arn, recipeOutputFormat="JSON")
    found = read_recipe(answer["recipe"])
    default = found.get("ComponentConfiguration", {}).get("DefaultConfiguration", {})
    if default.get("statement") != outgoing.statement or "signature" not in default:
        raise NotReleased(
            f"{arn} is there already and is of another archive: `aws greengrassv2 delete-component "
            f"--arn {arn}` removes it"
        )
    return replace(outgoing, signature=default["signature"])


def _arn(outgoing: Outgoing, region_of: str) -> str:
    _, partition, _, region, account, *_ = region_of.split(":")
    name = component_name(outgoing.dataset)
    at = f"arn:{partition}:greengrass:{region}:{account}"
    return f"{at}:components:{name}:versions:{outgoing.version}"


def _token(*parts: str) -> str:
    """Return the same for the same request, by which AWS knows a second try."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:_TOKEN]
