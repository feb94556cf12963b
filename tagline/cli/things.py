"""Devices in AWS IoT: a thing, its certificate with the stack's policy, its group.

Things, and groups that this makes, have the stack's name as an attribute: so `remove` and `destroy`
know which are theirs.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tagline.aws.faults import error_code
from tagline.cli.errors import Refused
from tagline.cli.target import Target

STACK, DATASET = "tagline-stack", "tagline-dataset"  # attributes
_GONE = "ResourceNotFoundException"
_BUSY = {"DeleteConflictException", "InvalidStateTransitionException"}
_TRIES, _PAUSE = 10, 1.0  # what was detached takes a moment until it is everywhere


@dataclass(frozen=True)
class Made:
    """What a device was given: ARN of its thing, its certificate's id, and both PEM texts."""

    thing: str
    certificate: str
    pem: str
    key: str


def policy_name(stack: str) -> str:
    """Return the policy that a stack's devices have (templates/edge.yaml)."""
    return f"{stack}-device"


def find_thing(target: Target, name: str) -> dict[str, str] | None:
    """Return the attributes of a thing, None where there is none of this name."""
    try:
        found = target.iot.describe_thing(thingName=name)
    except ClientError as exc:
        if error_code(exc) == _GONE:
            return None
        raise
    return dict(found.get("attributes") or {})


def make_thing(target: Target, name: str, dataset: str, group: str | None) -> Made:
    """Make a thing with a certificate, the stack's policy and its group.

    What was made goes again where a later step fails. Raises Refused where the stack has no policy
    for devices, and so is older than they are.
    """
    iot = target.iot
    policy = policy_name(target.stack)
    with ExitStack() as undo:
        thing = iot.create_thing(
            thingName=name, attributePayload={"attributes": {STACK: target.stack, DATASET: dataset}}
        )["thingArn"]
        undo.callback(remove_thing, target, name)
        made = iot.create_keys_and_certificate(setAsActive=True)
        undo.callback(_remove_certificate, iot, name, made["certificateArn"])
        try:
            iot.attach_policy(policyName=policy, target=made["certificateArn"])
        except ClientError as exc:
            if error_code(exc) != _GONE:
                raise
            raise Refused(
                f"stack {target.stack} has no policy {policy}: deploy the current template.yaml"
            ) from exc
        # one thing's alone: then the policy's variables hold for whatever client id it connects by
        iot.attach_thing_principal(
            thingName=name, principal=made["certificateArn"], thingPrincipalType="EXCLUSIVE_THING"
        )
        if group is not None:
            join_group(target, name, group)
        undo.pop_all()
    pair = made["keyPair"]
    return Made(thing, made["certificateId"], made["certificatePem"], pair["PrivateKey"])


def join_group(target: Target, name: str, group: str) -> None:
    """Put a thing into a group, which is made where there is none."""
    iot = target.iot
    try:
        iot.describe_thing_group(thingGroupName=group)
    except ClientError as exc:
        if error_code(exc) != _GONE:
            raise
        properties = {"attributePayload": {"attributes": {STACK: target.stack}}}
        iot.create_thing_group(thingGroupName=group, thingGroupProperties=properties)
    iot.add_thing_to_thing_group(thingName=name, thingGroupName=group)


def remove_thing(target: Target, name: str) -> None:
    """Delete a thing with its certificates, which are revoked, and its shadow."""
    iot = target.iot
    for principal in iot.list_thing_principals(thingName=name)["principals"]:
        _remove_certificate(iot, name, principal)
    for page in iot.get_paginator("list_thing_groups_for_thing").paginate(thingName=name):
        for group in page["thingGroups"]:
            iot.remove_thing_from_thing_group(thingName=name, thingGroupName=group["groupName"])
    data = target.session.client("iot-data", endpoint_url=data_address(target))
    _unless_gone(lambda: data.delete_thing_shadow(thingName=name))
    _patiently(lambda: iot.delete_thing(thingName=name))


def things_of(target: Target) -> Iterator[str]:
    """Yield the names of a stack's things."""
    pages = target.iot.get_paginator("list_things")
    for page in pages.paginate(attributeName=STACK, attributeValue=target.stack):
        yield from (thing["thingName"] for thing in page["things"])


def groups_of(target: Target) -> Iterator[str]:
    """Yield the names of thing groups that were made for a stack."""
    iot = target.iot
    for page in iot.get_paginator("list_thing_groups").paginate():
        for group in page["thingGroups"]:
            found = iot.describe_thing_group(thingGroupName=group["groupName"])
            payload = (found.get("thingGroupProperties") or {}).get("attributePayload") or {}
            if (payload.get("attributes") or {}).get(STACK) == target.stack:
                yield group["groupName"]


def remove_group(target: Target, name: str) -> None:
    """Delete a thing group."""
    target.iot.delete_thing_group(thingGroupName=name)


def data_endpoint(target: Target) -> str:
    """Return the host where devices speak MQTT; a laptop's has a port."""
    found = target.iot.describe_endpoint(endpointType="iot:Data-ATS")
    endpoint: str = found["endpointAddress"]
    return endpoint


def data_address(target: Target) -> str:
    """Return the URL of the same, for requests."""
    return target.endpoint or f"https://{data_endpoint(target)}"


def _remove_certificate(iot: Any, thing: str, arn: str) -> None:
    """Revoke and delete a certificate that is this thing's alone; another's is only detached."""
    _unless_gone(lambda: iot.detach_thing_principal(thingName=thing, principal=arn))
    if iot.list_principal_things(principal=arn)["things"]:
        return
    certificate = arn.rpartition("/")[2]
    iot.update_certificate(certificateId=certificate, newStatus="REVOKED")
    for policy in iot.list_attached_policies(target=arn)["policies"]:
        iot.detach_policy(policyName=policy["policyName"], target=arn)
    _patiently(lambda: iot.delete_certificate(certificateId=certificate))


def _unless_gone(act: Callable[[], object]) -> None:
    try:
        act()
    except ClientError as exc:
        if error_code(exc) != _GONE:
            raise


def _patiently(act: Callable[[], object]) -> None:
    """Do what is refused as long as something that was detached is not gone everywhere."""
    for last in (*[False] * (_TRIES - 1), True):
        try:
            _unless_gone(act)
        except ClientError as exc:
            if last or error_code(exc) not in _BUSY:
                raise
            time.sleep(_PAUSE)
        else:
            return
