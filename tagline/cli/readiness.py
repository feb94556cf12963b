"""Whether a deploy and its runs can work in an account: rules on facts that were read there."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "will fail", "unknown", "not needed"]
PACK_VCPUS = 4  # of a packing task; templates/packing.yaml
_STACK_NAME = re.compile(r"(?=.{1,20}\Z)[a-z][a-z0-9]*(-[a-z0-9]+)*")  # templates/alerts.yaml
_INDEXES = {
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
}
_DEAD_STACKS = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "CREATE_FAILED"}


@dataclass(frozen=True)
class Unknown:
    """A fact that could not be read, and why."""

    why: str


@dataclass(frozen=True)
class NotNeeded:
    """A fact that does not count where the command looks, and why."""

    why: str


@dataclass(frozen=True)
class Quota:
    """A quota of Service Quotas."""

    name: str
    code: str
    value: float


@dataclass(frozen=True)
class Image:
    """A container's image as its registry describes it; None where there is none."""

    uri: str
    media_type: str | None
    platform: str | None = None
    """Such as linux/amd64; None where it could not be read."""


@dataclass(frozen=True)
class Facts:
    """What was read of an account and of what would be deployed there."""

    stack: str
    account: str | Unknown
    region: str
    regions: frozenset[str]
    """Where SageMaker is."""
    parameters: Mapping[str, str]
    stack_status: str | Unknown | None
    bucket: Literal["free", "own", "ours", "theirs"] | Unknown
    """own: of this account, but of no stack of this name; ours: the stack's."""
    sagemaker: bool | Unknown
    """Whether the caller may use it."""
    vpcs: tuple[int, Quota] | Unknown | NotNeeded
    fargate: Quota | Unknown | NotNeeded
    lambdas: int | Unknown | NotNeeded
    quotas: Mapping[str, Quota] | Unknown | NotNeeded
    """SageMaker's, by name."""
    images: Mapping[str, Image | Unknown | NotNeeded]


@dataclass(frozen=True)
class Check:
    """One line of the answer."""

    what: str
    verdict: Verdict
    told: str
    mend: str = ""
    """The command that mends it."""


def bucket_name(stack: str, account: str, region: str) -> str:
    """Return the name that template.yaml gives the data bucket."""
    return f"{stack}-data-{account}-{region}"


def checks(facts: Facts) -> list[Check]:
    """Return what was found, in the order in which a deploy and a run would meet it."""
    return [
        *_place(facts),
        _stack(facts),
        _bucket(facts),
        _access(facts),
        _vpcs(facts),
        *_images(facts),
        _lambdas(facts),
        _fargate(facts),
        *_instances(facts),
    ]


def _unread(what: str, fact: object) -> Check | None:
    if isinstance(fact, Unknown):
        return Check(what, "unknown", fact.why)
    if isinstance(fact, NotNeeded):
        return Check(what, "not needed", fact.why)
    return None


def _place(facts: Facts) -> Iterator[Check]:
    if isinstance(facts.account, Unknown):
        yield Check("account", "unknown", facts.account.why, "aws sts get-caller-identity")
    else:
        yield Check("account", "ok", facts.account)
    if not facts.regions:
        yield Check("region", "unknown", f"{facts.region}: no list of SageMaker's regions")
    elif facts.region in facts.regions:
        yield Check("region", "ok", facts.region)
    else:
        yield Check("region", "will fail", f"SageMaker is not in {facts.region}",
                    "export AWS_DEFAULT_REGION=<one of SageMaker's>")  # fmt: skip


def _stack(facts: Facts) -> Check:
    name, status = facts.stack, facts.stack_status
    if not _STACK_NAME.fullmatch(name):
        return Check("stack", "will fail", f"{name!r}: buckets and endpoints are named after it: "
                     "at most 20 small letters, digits and single '-'",
                     "sam deploy --stack-name <name>")  # fmt: skip
    if isinstance(status, Unknown):
        return Check("stack", "unknown", status.why)
    if status is None:
        return Check("stack", "ok", f"{name} is not there yet")
    if status in _DEAD_STACKS:
        return Check("stack", "will fail", f"{name} is {status}: it takes no update",
                     f"aws cloudformation delete-stack --stack-name {name}")  # fmt: skip
    if status.endswith("_IN_PROGRESS"):
        return Check("stack", "will fail", f"{name} is {status}: wait until it is done",
                     f"aws cloudformation describe-stacks --stack-name {name}")  # fmt: skip
    return Check("stack", "ok", f"{name} is {status}")


def _bucket(facts: Facts) -> Check:
    if existing := facts.parameters.get("ExistingBucket"):
        return _existing_bucket(facts, existing)
    if isinstance(facts.account, Unknown):
        return Check("data bucket", "unknown", "its name holds the account, which is not known")
    name = bucket_name(facts.stack, facts.account, facts.region)
    if unread := _unread("data bucket", facts.bucket):
        return unread
    if facts.bucket == "theirs":
        return Check("data bucket", "will fail", f"{name} belongs to somebody else",
                     "sam deploy --stack-name <another>")  # fmt: skip
    if facts.bucket == "own":
        return Check("data bucket", "will fail", f"{name} is there, of an earlier stack: "
                     "take it over, or delete it",
                     f"sam deploy --parameter-overrides ExistingBucket={name}")  # fmt: skip
    told = "is free" if facts.bucket == "free" else "is the stack's"
    return Check("data bucket", "ok", f"{name} {told}")


def _existing_bucket(facts: Facts, name: str) -> Check:
    if unread := _unread("data bucket", facts.bucket):
        return unread
    if facts.bucket == "free":
        return Check("data bucket", "will fail", f"ExistingBucket {name} is not there",
                     f"aws s3 mb s3://{name}")  # fmt: skip
    if facts.bucket == "theirs":
        return Check("data bucket", "will fail", f"ExistingBucket {name} is closed to you",
                     "sam deploy --parameter-overrides ExistingBucket=<another>")  # fmt: skip
    return Check("data bucket", "ok", f"{name} is there")


def _access(facts: Facts) -> Check:
    if unread := _unread("access to SageMaker", facts.sagemaker):
        return unread
    if facts.sagemaker:
        return Check("access to SageMaker", "ok", "its models can be listed")
    return Check("access to SageMaker", "will fail", "sagemaker:ListModels is denied to you",
                 "aws sts get-caller-identity  # and ask who administers it")  # fmt: skip


def _vpcs(facts: Facts) -> Check:
    if isinstance(facts.vpcs, Unknown | NotNeeded):
        return _unread("VPCs", facts.vpcs) or Check("VPCs", "unknown", "")
    count, quota = facts.vpcs
    made = facts.stack_status is None and not facts.parameters.get("SubnetIds")
    if made and count >= quota.value:
        return Check("VPCs", "will fail", f"{count} of {quota.value:.0f} are there, and the stack "
                     "makes one", _increase("vpc", quota.code, count + 1))  # fmt: skip
    return Check("VPCs", "ok", f"{count} of {quota.value:.0f}")


def _images(facts: Facts) -> Iterator[Check]:
    for name, image in facts.images.items():
        what, push = f"image of {name}", "tagline images push"
        if unread := _unread(what, image):
            yield unread
        elif not isinstance(image, Image):
            continue
        elif image.media_type is None:
            yield Check(what, "will fail", f"{image.uri} is not there", push)
        elif image.media_type in _INDEXES and name != "im2rec":  # which Fargate runs
            yield Check(what, "will fail", f"{image.uri} is an index ({image.media_type}), which "
                        "SageMaker does not take: build without provenance", push)  # fmt: skip
        elif image.platform not in {None, "linux/amd64"}:
            yield Check(what, "will fail", f"{image.uri} is for {image.platform}, not linux/amd64",
                        push)  # fmt: skip
        elif image.platform is None and image.media_type not in _INDEXES:
            yield Check(what, "unknown", f"{image.uri} is there; its platform could not be read")
        else:
            yield Check(what, "ok", image.uri)


def _lambdas(facts: Facts) -> Check:
    what = "Lambda concurrency"
    if isinstance(facts.lambdas, Unknown | NotNeeded):
        return _unread(what, facts.lambdas) or Check(what, "unknown", "")
    wanted = _number(facts, "FetchConcurrency")
    if wanted is None:
        return Check(what, "unknown", f"{facts.lambdas}; FetchConcurrency is not known")
    if wanted >= facts.lambdas:
        return Check(what, "will fail", f"FetchConcurrency {wanted} leaves nothing of "
                     f"{facts.lambdas} for the API and the other steps",
                     f"sam deploy --parameter-overrides FetchConcurrency={max(1, facts.lambdas // 2)}")  # fmt: skip  # noqa: E501
    return Check(what, "ok", f"FetchConcurrency {wanted} of {facts.lambdas}")


def _fargate(facts: Facts) -> Check:
    what = "Fargate vCPUs"
    if isinstance(facts.fargate, Unknown | NotNeeded):
        return _unread(what, facts.fargate) or Check(what, "unknown", "")
    quota, tasks = facts.fargate, _number(facts, "PackConcurrency") or 1
    if quota.value < PACK_VCPUS:
        return Check(what, "will fail", f"{quota.value:.0f}: a packing task has {PACK_VCPUS}",
                     _increase("fargate", quota.code, PACK_VCPUS * tasks))  # fmt: skip
    at_once = int(quota.value // PACK_VCPUS)
    if at_once < tasks:
        return Check(what, "ok", f"{quota.value:.0f}: {at_once} packing tasks at once of "
                     f"PackConcurrency {tasks}; the others wait",
                     f"sam deploy --parameter-overrides PackConcurrency={at_once}")  # fmt: skip
    return Check(what, "ok", f"{quota.value:.0f}, for {tasks} packing tasks")


def _instances(facts: Facts) -> Iterator[Check]:
    count = _number(facts, "EndpointInstanceCount") or 1
    wanted = (
        ("TrainingInstanceType", "training job usage", 1, ""),
        ("EvaluationInstanceType", "processing job usage", 1, ""),
        # an update has the new instances beside the old ones
        ("EndpointInstanceType", "endpoint usage", 2 * count, ", old and new ones in an update"),
    )
    for parameter, usage, need, why in wanted:
        kind = facts.parameters.get(parameter)
        if kind is None:
            yield Check(usage, "unknown", f"{parameter} is not known")
            continue
        name = f"{kind} for {usage}"
        if isinstance(facts.quotas, Unknown | NotNeeded):
            yield _unread(name, facts.quotas) or Check(name, "unknown", "")
            continue
        quota = facts.quotas.get(name)
        if quota is None:
            yield Check(name, "unknown", "Service Quotas has no quota of this name")
        elif quota.value < need:
            yield Check(name, "will fail", f"{quota.value:.0f} of {need} needed{why}",
                        _increase("sagemaker", quota.code, need))  # fmt: skip
        else:
            yield Check(name, "ok", f"{quota.value:.0f}, {need} needed{why}")


def _number(facts: Facts, parameter: str) -> int | None:
    text = facts.parameters.get(parameter, "")
    return int(text) if text.isdecimal() else None


def _increase(service: str, code: str, value: float) -> str:
    return (
        f"aws service-quotas request-service-quota-increase --service-code {service} "
        f"--quota-code {code} --desired-value {value:.0f}"
    )
