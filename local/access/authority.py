"""Whether a principal may make a call, as its policies decide.

Policies are evaluated by ministack's engine (explicit Deny, NotAction, wildcards, conditions,
boundaries, session policies); a bucket's, queue's, topic's or key's own policy counts as well.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local import patching
from local.access.calls import Call
from local.access.naming import Names
from local.access.need import Need
from local.access.operations import NoEntry, Operations
from local.access.policies import Statement, statements_of
from local.access.record import Record
from local.context import Cloud

_ENGINE = "ministack.core.iam_evaluator"
_REMEMBERED = 1.0  # second for what no request tells of; AWS's own IAM takes longer
logger = logging.getLogger("local.access")


@dataclass(frozen=True)
class Refusal:
    """Why a call is refused; `unknown` where nobody knows what it needs."""

    code: str
    message: str
    principal: str = ""
    action: str = ""
    unknown: bool = False


class AccessDenied(RuntimeError):
    """A call that a part of the cloud wanted to make for a role is not allowed."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def _raise(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise AccessDenied(refusal)


class Authority:
    """Judges calls by the policies of one laptop cloud's roles and users."""

    def __init__(self, cloud: Cloud, record: Record) -> None:
        self._cloud = cloud
        self._record = record
        self._operations = Operations(Names(cloud))
        self._resolve = patching.function(
            _ENGINE, "resolve_principal", "access_key_id", "account_id", "credential"
        )
        self._credential = patching.function(
            _ENGINE, "resolve_credential", "access_key_id", "account_id", "session_token"
        )
        self._unknown = patching.member(_ENGINE, "CredentialResolutionError", type)
        self._failed = patching.member(_ENGINE, "AuthError", type)
        self._root = patching.function(_ENGINE, "is_root_access_key", "access_key_id")
        self._evaluation = _Evaluation(cloud)
        self._principals: dict[str, tuple[float, Any]] = {}  # key → until when, who

    def is_root(self, access_key: str) -> bool:
        """Tell whether a key is the person's, which may do everything; no key is nobody's."""
        return bool(access_key) and bool(self._root(access_key))

    def stranger(self, access_key: str, token: str) -> Refusal | None:
        """Return why nobody is known by an access key and its session token, or None.

        Signatures are checked elsewhere, where the cloud has a secret of its own.
        """
        found = self._credential(access_key, self._cloud.account, token)
        known = not isinstance(found, self._unknown)
        return None if known else Refusal(found.code, found.message)

    def refusal(self, access_key: str, call: Call) -> Refusal | None:
        """Return why the principal of an access key may not make a call, or None."""
        try:
            needs = self._operations.needs(call)
        except NoEntry as exc:
            name = f"{exc.args[0]}"
            return Refusal(
                "AccessDenied",
                f"{name}: the laptop cloud does not know which actions this operation needs; "
                "add it to local/access/operations.py",
                action=name,
                unknown=True,
            )
        except (KeyError, TypeError, AttributeError) as exc:
            name = f"{call.service}:{call.operation}"
            return Refusal("ValidationException", f"{name}: the request lacks {exc}", action=name)
        return self._judged(access_key, needs)

    def require(self, access_key: str, call: Call) -> None:
        """Raise AccessDenied unless a principal may make a call."""
        _raise(self.refusal(access_key, call))

    def require_pull(self, access_key: str, image: str) -> None:
        """Raise AccessDenied unless a principal may fetch an image."""
        _raise(self._judged(access_key, self._operations.pull(image)))

    def require_log(self, access_key: str, group: str, stream: str) -> None:
        """Raise AccessDenied unless a principal may write to a log stream of its own making."""
        names = {"logGroupName": group, "logStreamName": stream}
        for operation in ("CreateLogStream", "PutLogEvents"):
            self.require(access_key, Call("logs", operation, names))

    def _judged(self, access_key: str, needs: Sequence[Need]) -> Refusal | None:
        principal = self._principal(access_key)
        if isinstance(principal, self._failed):
            return Refusal(principal.code, principal.message)
        if principal.policies is None:
            return None
        for need in needs:
            decision, by = self._evaluation.of(principal, need)
            self._record.add(principal.arn, need, decision, by)
            if decision != "Allow":
                return _refused(principal.arn, need, decision)
        return None

    def _principal(self, access_key: str) -> Any:
        now = time.monotonic()
        known = self._principals.get(access_key)
        if known is None or known[0] < now:
            known = now + _REMEMBERED, self._resolve(access_key, self._cloud.account)
            self._principals[access_key] = known
        return known[1]

    def forget(self) -> None:
        """Look for each principal's policies anew: a request may have changed them."""
        self._principals.clear()


class _Evaluation:
    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._context = patching.member(_ENGINE, "EvalContext", type)
        self._evaluate = patching.function(_ENGINE, "evaluate", "ctx", "policies", "limits")
        self._match = patching.function(_ENGINE, "_first_match", "ctx", "stmts", "effect")
        self._own = patching.function(_ENGINE, "_resource_policy", "service", "resource_arn")
        self._combine = patching.function(
            _ENGINE,
            "combine_resource_policy",
            "identity",
            "ctx",
            "policy",
            "owner_account",
            "required",
            "limits",
        )

    def of(self, principal: Any, need: Need) -> tuple[str, Callable[[], str]]:
        """Return Allow, Deny or ImplicitDeny, and what tells the statement that decided it."""
        statements = _statements(principal, need.action)
        context = self._context(
            principal_arn=principal.arn,
            principal_type=principal.type,
            principal_account=principal.account,
            action=need.action,
            resource_arn=need.resource,
            region=self._cloud.region,
            secure_transport=True,  # nothing leaves this machine: as good as TLS
            service_context={**_resource_tags(need.resource, statements), **need.context},
            principal_keys=principal.keys,
        )
        result = self._evaluate(context, [[s.parsed for s in statements]], *principal.limits)
        own = self._own(need.action.partition(":")[0], need.resource)
        if own is not None:
            required = need.action.startswith("kms:")
            limits = tuple(principal.limits)
            result = self._combine(result, context, *own, required=required, limits=limits)

        def deciding() -> str:
            effect = "Deny" if result.decision == "Deny" else "Allow"
            found = (s.label for s in statements if self._match(context, [s.parsed], effect))
            return next(found, "")

        return result.decision, deciding


def _statements(principal: Any, action: str) -> Sequence[Statement]:
    if principal.type == "AssumedRole":
        return statements_of(principal.arn.split("/")[1], principal.account, action)
    return [
        Statement(f"policy {number}", parsed)
        for number, policy in enumerate(principal.policies)
        for parsed in policy
    ]


def _resource_tags(resource: str, statements: Sequence[Statement]) -> Mapping[str, Any]:
    """Return a resource's tags as condition keys, where a condition asks for one."""
    asked = any(
        key.lower().startswith("aws:resourcetag/")
        for statement in statements
        for block in statement.parsed.conditions.values()
        for key in block
    )
    if not asked:
        return {}
    tags = patching.function("ministack.services.tagging", "resource_tags", "arn")(resource) or {}
    return {f"aws:resourcetag/{key.lower()}": value for key, value in tags.items()}


def _refused(principal: str, need: Need, decision: str) -> Refusal:
    """Return the refusal in AWS's words.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    because = (
        "with an explicit deny in a policy"
        if decision == "Deny"
        else f"because no identity-based policy allows the {need.action} action"
    )
    resource = f'"{need.resource}"' if need.action.startswith("s3:") else need.resource
    message = (
        f"User: {principal} is not authorized to perform: {need.action} "
        f"on resource: {resource} {because}"
    )
    logger.warning("%s", message)
    return Refusal("AccessDenied", message, principal, need.action)
