"""Whether the stacks that were deployed are still there, before the cloud says it is ready."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from local.clients import Clients

_SETTLED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")


class StackIncomplete(RuntimeError):
    """A stack names a resource that its service does not know; the message says what to do."""


def check(clients: Clients, state: Path) -> None:
    """Raise StackIncomplete unless every settled stack has its buckets, functions and so on.

    `state` is the folder of the services' files, for the message.
    """
    kinds: dict[str, tuple[str, Callable[[Any], set[str]]]] = {
        "AWS::S3::Bucket": ("s3", _buckets),
        "AWS::Lambda::Function": ("lambda", _functions),
        "AWS::StepFunctions::StateMachine": ("stepfunctions", _machines),
        "AWS::Events::Rule": ("events", _rules),
        "AWS::ApiGatewayV2::Api": ("apigatewayv2", _apis),
        "AWS::IAM::Role": ("iam", _roles),
    }
    there = {kind: names(clients.of(service)) for kind, (service, names) in kinds.items()}
    files = {"events": "eventbridge", "apigatewayv2": "apigateway"}
    for stack, resource in _resources(clients.of("cloudformation")):
        kind, name = resource["ResourceType"], resource["PhysicalResourceId"]
        if kind in kinds and name not in there[kind]:
            service = kinds[kind][0]
            file = state / f"{files.get(service, service)}.json"
            raise StackIncomplete(
                f"stack {stack} was deployed with the {kind} {name}, which {file} does not have: "
                "put a good copy of that file in its place, or start empty with "
                "`tagline up --fresh`"
            )


def _resources(client: Any) -> Iterable[tuple[str, dict[str, Any]]]:
    for page in client.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            if stack["StackStatus"] in _SETTLED:
                name = stack["StackName"]
                pages = client.get_paginator("list_stack_resources").paginate(StackName=name)
                for found in pages:
                    yield from ((name, item) for item in found["StackResourceSummaries"])


def _buckets(client: Any) -> set[str]:
    return {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}


def _functions(client: Any) -> set[str]:
    pages = client.get_paginator("list_functions").paginate()
    return {function["FunctionName"] for page in pages for function in page["Functions"]}


def _roles(client: Any) -> set[str]:
    pages = client.get_paginator("list_roles").paginate()
    return {role["RoleName"] for page in pages for role in page["Roles"]}


def _machines(client: Any) -> set[str]:
    pages = client.get_paginator("list_state_machines").paginate()
    return {machine["stateMachineArn"] for page in pages for machine in page["stateMachines"]}


def _apis(client: Any) -> set[str]:
    return {api["ApiId"] for api in client.get_apis()["Items"]}


def _rules(client: Any) -> set[str]:
    pages = client.get_paginator("list_rules").paginate()
    return {rule["Name"] for page in pages for rule in page["Rules"]}
