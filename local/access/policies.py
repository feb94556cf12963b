"""The statements of a role, each with a name to tell it by."""

import functools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local import patching

_ENGINE = "ministack.core.iam_evaluator"
_IAM = "ministack.services.iam"
_PRINCIPAL = "aws:principalarn"
_SESSION = re.compile(r"arn:([a-z-]+):sts::([0-9]+):assumed-role/([^/]+)/.+")


@dataclass(frozen=True)
class Statement:
    """One statement as ministack's engine takes it; `label` is its policy's name and number."""

    label: str
    parsed: Any


def install() -> None:
    """Read each text of a policy once, not at each call that it decides on.

    And let conditions know the role of a session by its own ARN, as `aws:PrincipalArn` has it:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    parse = patching.function(_ENGINE, "parse_policy_document", "doc")

    @functools.lru_cache(1024)
    def read(text: str) -> tuple[Any, ...]:
        return tuple(parse(text))

    def remembered(doc: Mapping[str, Any] | str) -> list[Any]:
        return list(read(doc)) if isinstance(doc, str) else parse(doc)

    patching.replace(_ENGINE, "parse_policy_document", remembered, "doc")
    resolve = patching.function(_ENGINE, "_resolve_condition_key", "key", "ctx")

    def resolved(key: str, ctx: Any) -> Any:
        return role_of(ctx.principal_arn) if key.lower() == _PRINCIPAL else resolve(key, ctx)

    patching.replace(_ENGINE, "_resolve_condition_key", resolved, "key", "ctx")


def role_of(principal: str) -> str:
    """Return the ARN of the role that a session is of; another principal's as it is."""
    match = _SESSION.fullmatch(principal)
    if match is None:
        return principal
    found = patching.member(_IAM, "_roles", object).get_scoped(match[2], None, match[3]) or {}
    return found.get("Arn") or f"arn:{match[1]}:iam::{match[2]}:role/{match[3]}"


def statements_of(role: str, account: str, action: str) -> Sequence[Statement]:
    """Return the statements about an action in a role's own and attached policies.

    An unknown role has none.
    """
    found = patching.member(_IAM, "_roles", object).get_scoped(account, None, role) or {}
    documents = dict(found.get("InlinePolicies") or {})
    for arn in found.get("AttachedPolicies") or []:
        documents[arn] = _managed()(arn, account) or {}
    texts = [
        (name, document if isinstance(document, str) else json.dumps(document))
        for name, document in documents.items()
    ]
    return _about(tuple(texts), action)


@functools.cache
def _managed() -> Callable[..., Any]:
    return patching.function(
        _ENGINE, "_resolve_managed_policy_document", "policy_arn", "account_id"
    )


@functools.lru_cache(4096)
def _about(documents: tuple[tuple[str, str], ...], action: str) -> Sequence[Statement]:
    """Return the statements of these texts about an action."""
    matches = patching.function(
        _ENGINE, "_action_matches", "request_action", "actions", "not_actions"
    )
    return [
        Statement(f"{name}#{number}", statement)
        for name, document in documents
        for number, statement in enumerate(parsed(document))
        if matches(action, statement.actions, statement.not_actions)
    ]


def parsed(document: Mapping[str, Any] | str) -> list[Any]:
    """Return a policy's statements as ministack's engine takes them."""
    parse = patching.function(_ENGINE, "parse_policy_document", "doc")
    return list(parse(document))
