"""The statements of a role, each with a name to tell it by."""

import functools
import re
from collections.abc import Mapping
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


def statements_of(role: str, account: str) -> list[Statement]:
    """Return all statements of a role's own and attached policies; none for an unknown role."""
    found = patching.member(_IAM, "_roles", object).get_scoped(account, None, role) or {}
    resolve = patching.function(
        _ENGINE, "_resolve_managed_policy_document", "policy_arn", "account_id"
    )
    documents = dict(found.get("InlinePolicies") or {})
    for arn in found.get("AttachedPolicies") or []:
        documents[arn] = resolve(arn, account) or {}
    return [
        Statement(f"{name}#{number}", statement)
        for name, document in documents.items()
        for number, statement in enumerate(parsed(document))
    ]


def parsed(document: Mapping[str, Any] | str) -> list[Any]:
    """Return a policy's statements as ministack's engine takes them."""
    parse = patching.function(_ENGINE, "parse_policy_document", "doc")
    return list(parse(document))
