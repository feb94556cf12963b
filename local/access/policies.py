"""The statements of a role, each with a name to tell it by."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local import patching

_ENGINE = "ministack.core.iam_evaluator"
_IAM = "ministack.services.iam"


@dataclass(frozen=True)
class Statement:
    """One statement as ministack's engine takes it; `label` is its policy's name and number."""

    label: str
    parsed: Any


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
