"""Whether roles are as wide as their use and no wider: `python -m local.access.review`.

Standard input is evidence: `stack`, `bucket`, `roles` (by name: `policies`, documents by name,
and `managed`, ARNs), and `calls`, the lines of access.jsonl. The answer is a JSON list of findings.
Every right of every statement has to be used: each action, each resource, and, within the data
bucket, each kind of file that it reaches of those that the product has.
"""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from local import patching
from local.access.policies import parsed

_ENGINE = "ministack.core.iam_evaluator"
_AWS = {  # what SAM attaches to functions and state machines
    "AWSLambdaBasicExecutionRole",
    "AWSXRayDaemonWriteAccess",
    "AWSXrayWriteOnlyAccess",
}
_LONGEST = 10_240  # characters of a role's own policies; IAM's quota
_OBJECT_ACTION = re.compile(r"s3:(?!ListBucket).*", re.IGNORECASE)
_UNIQUE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
_HASH = re.compile(r"[0-9a-f]{16,64}")
_NUMBER = re.compile(r"\d+")
Document = Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """What is wrong with a role: `about` is the action, `detail` what of it."""

    role: str
    kind: str
    about: str
    detail: str


@dataclass(frozen=True)
class _Call:
    role: str
    action: str
    resource: str
    context: Mapping[str, Any]
    allowed: bool


class Review:
    """Holds roles against what was recorded of them."""

    def __init__(self, evidence: Document) -> None:
        self._stack = str(evidence["stack"])
        self._bucket = f"arn:aws:s3:::{evidence['bucket']}/"
        self._roles: Mapping[str, Document] = evidence["roles"]
        self._calls = list(_calls(evidence["calls"], self._roles))
        self._context = patching.member(_ENGINE, "EvalContext", type)
        self._match = patching.function(_ENGINE, "_first_match", "ctx", "stmts", "effect")
        self._files: dict[str, set[str]] = {}
        for call in self._calls:
            if call.resource.startswith(self._bucket):
                self._files.setdefault(self._family(call.resource), set()).add(call.resource)

    def findings(self) -> list[Finding]:
        """Return all that is wrong."""
        found: list[Finding] = []
        for role, held in self._roles.items():
            own = [call for call in self._calls if call.role == role]
            statements = [
                (one, engines)
                for document in held["policies"].values()
                for one, engines in zip(_statements(document), parsed(document), strict=True)
            ]
            found += [
                Finding(role, "managed policy", arn, "is nobody's measure")
                for arn in held["managed"]
                if arn.rpartition("/")[2] not in _AWS
            ]
            length = sum(
                len(json.dumps(d, separators=(",", ":"))) for d in held["policies"].values()
            )
            if length > _LONGEST:
                found.append(Finding(role, "too long", f"{length} characters", f"of {_LONGEST}"))
            found += self._refused(role, own, [engines for _, engines in statements])
            for document, engines in statements:
                found += self._unused(role, own, document, engines)
        return sorted(set(found), key=lambda finding: (finding.role, finding.about, finding.detail))

    def _refused(
        self, role: str, calls: Sequence[_Call], statements: Sequence[Any]
    ) -> Iterable[Finding]:
        """Find calls that were refused, and those that would be by these statements."""
        for call in calls:
            now = not self._matches(call, statements, "Deny") and self._matches(
                call, statements, "Allow"
            )
            if not call.allowed or not now:
                yield Finding(role, "refused", call.action, self._general(call.resource))

    def _unused(
        self, role: str, calls: Sequence[_Call], document: Document, engines: Any
    ) -> Iterable[Finding]:
        if document["Effect"] != "Allow":
            return
        if "NotAction" in document or "NotResource" in document:
            yield Finding(role, "wide", "NotAction, NotResource", "allows whatever comes")
            return
        under = [call for call in calls if self._matches(call, [engines], "Allow")]
        for action in _many(document["Action"]):
            if "*" in action:
                yield Finding(role, "wide", action, "an action with a wildcard")
            used = [call for call in under if _like(action, call.action, ignore_case=True)]
            if not used:
                yield Finding(role, "unused", action, "this action")
                continue
            for resource in _many(document["Resource"]):
                yield from self._unused_resource(role, action, resource, used)

    def _unused_resource(
        self, role: str, action: str, resource: str, used: Sequence[_Call]
    ) -> Iterable[Finding]:
        name = self._general(resource)
        reached = [call for call in used if _like(resource, call.resource)]
        if resource == "*" and any(call.resource != "*" for call in reached):
            yield Finding(role, "wide", action, "any resource")
        if not reached:
            yield Finding(role, "unused", action, name)
        foreign = [call for call in reached if _like(resource, self._neighbours(call.resource))]
        if foreign and resource != "*":
            yield Finding(role, "wide", action, f"{name} is also of a stack {self._stack}-dev")
        if not _OBJECT_ACTION.fullmatch(action):
            return
        seen = {self._family(call.resource) for call in reached}
        more = [
            family
            for family, files in sorted(self._files.items())
            if family not in seen and any(_like(resource, file) for file in files)
        ]
        if more and reached:
            yield Finding(role, "wide", action, f"{name} reaches {', '.join(more)}")

    def _matches(self, call: _Call, statements: Sequence[Any], effect: str) -> bool:
        account = call.resource.split(":")[4] if call.resource.count(":") > 4 else ""  # noqa: PLR2004
        context = self._context(
            principal_arn="",
            principal_type="AssumedRole",
            principal_account=account,
            action=call.action,
            resource_arn=call.resource,
            region="",
            secure_transport=True,
            service_context=dict(call.context),
        )
        return self._match(context, list(statements), effect) is not None

    def _family(self, resource: str) -> str:
        """Return which kind of file an object is: its key without names of people's making."""
        parts = resource.removeprefix(self._bucket).split("/")
        named = parts[1] if len(parts) > 1 else ""
        if named in {"images", "lists"}:
            return f"*/{named}/*"
        rest = [_NUMBER.sub("N", _HASH.sub("H", _UNIQUE.sub("U", part))) for part in parts[1:]]
        if named in {"output", "runs"} and len(rest) > 1:
            rest[1] = "*"
        return "/".join(["*", *rest])

    def _general(self, resource: str) -> str:
        """Return a resource without the stack's own names, as an allow list can write it."""
        if resource.startswith(self._bucket):
            key = resource.removeprefix(self._bucket)
            return f"data/{key if '*' in key else self._family(resource)}"
        return ":".join(resource.split(":")[5:]).replace(self._stack, "STACK", 1) or resource

    def _neighbours(self, resource: str) -> str:
        """Return what a resource would be called in a stack whose name begins alike.

        Empty for what does not carry the stack's name, as what all stacks share.
        """
        other = resource.replace(self._stack, f"{self._stack}-dev", 1)
        return other if other != resource else ""


def _calls(lines: Iterable[Document], roles: Mapping[str, Document]) -> Iterable[_Call]:
    for line in lines:
        role = line["principal"].split("/")[1]
        if role in roles:
            allowed = line["decision"] == "Allow"
            yield _Call(role, line["action"], line["resource"], line["context"], allowed)


def _like(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    name = "fnmatch_iam" if ignore_case else "fnmatch_iam_cs"
    return bool(patching.function(_ENGINE, name, "value", "pattern")(text, pattern))


def _statements(document: Document) -> list[Document]:
    found = document["Statement"]
    return [found] if isinstance(found, dict) else list(found)


def _many(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


if __name__ == "__main__":
    json.dump([asdict(finding) for finding in Review(json.load(sys.stdin)).findings()], sys.stdout)
