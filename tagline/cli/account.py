"""Reads of an account what preflight judges by. A fact that cannot be read is Unknown."""

import json
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeVar

import yaml
from botocore.exceptions import BotoCoreError, ClientError

from tagline.aws.faults import error_code
from tagline.cli.environments import ROOT
from tagline.cli.errors import Refused
from tagline.cli.images import IMAGES
from tagline.cli.readiness import Facts, Image, NotNeeded, Quota, Unknown, bucket_name
from tagline.cli.target import Target, is_laptop

T = TypeVar("T")
_ON_LAPTOP = NotNeeded("the laptop cloud has no quotas and builds no images")
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}
_FARGATE = ("fargate", "L-3032A538")  # Fargate On-Demand vCPU resource count
_VPC = ("vpc", "L-F678F1CE")  # VPCs per Region
_MANIFESTS = [
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
]
# images that a stack has only where its parameters name them
_OPTIONAL = frozenset({"trainer_torch", "mxnet-training"})
_TIMEOUT = 20  # seconds, for an image's configuration


def read_facts(target: Target, overrides: Iterable[str] = ()) -> Facts:
    """Return what an account says of a deploy with these parameters (NAME=VALUE).

    Parameters that are not given are the deployed stack's, or the template's defaults. Raises
    Refused for one that the template does not have.
    """
    region = target.session.region_name
    account = _ask(lambda: str(target.client("sts").get_caller_identity()["Account"]))
    status, deployed = _stack(target)
    parameters = {**template_defaults(), **deployed, **_given(overrides)}
    partition = target.session.get_partition_for_region(region)
    laptop = is_laptop(target.endpoint)
    return Facts(
        stack=target.stack,
        account=account,
        region=region,
        regions=frozenset(target.session.get_available_regions("sagemaker", partition)),
        parameters=parameters,
        stack_status=status,
        bucket=_bucket(
            target,
            account,
            parameters["ExistingBucket"] or bucket_name(target.stack, str(account), region),
            deployed=status is not None,
        ),
        sagemaker=_may(lambda: target.sagemaker.list_models(MaxResults=1)),
        vpcs=_ON_LAPTOP if laptop else _ask(lambda: (_vpcs(target), _quota(target, *_VPC))),
        fargate=_ON_LAPTOP if laptop else _ask(lambda: _quota(target, *_FARGATE)),
        lambdas=_ON_LAPTOP if laptop else _ask(lambda: _lambdas(target)),
        quotas=_ON_LAPTOP if laptop else _ask(lambda: _sagemaker_quotas(target)),
        images={
            name: _ON_LAPTOP if laptop else _image(target, account, name, parameters[parameter])
            for name, parameter in IMAGES.items()
            if name not in _OPTIONAL or parameters[parameter]
        },
    )


def template_defaults() -> dict[str, str]:
    """Return the default of each parameter of template.yaml."""
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    parameters = yaml.load(text, _Template)["Parameters"]  # noqa: S506 - a SafeLoader
    return {name: str(said.get("Default", "")) for name, said in parameters.items()}


class _Template(yaml.SafeLoader):
    """Reads a template; what its intrinsic functions stand for does not count here."""


_Template.add_multi_constructor("!", lambda _loader, _suffix, _node: None)


def _given(overrides: Iterable[str]) -> dict[str, str]:
    known, given = template_defaults(), {}
    for text in overrides:
        name, equals, value = text.partition("=")
        if not equals or name not in known:
            raise Refused(f"--parameter {text}: it is NAME=VALUE, of {', '.join(sorted(known))}")
        given[name] = value
    return given


def _ask(question: Callable[[], T]) -> T | Unknown:
    """Return an answer, or why there is none."""
    try:
        return question()
    except (ClientError, BotoCoreError) as exc:
        return Unknown(" ".join(str(exc).split()))


def _may(question: Callable[[], object]) -> bool | Unknown:
    try:
        question()
    except ClientError as exc:
        return False if error_code(exc) in _DENIED else Unknown(str(exc))
    except BotoCoreError as exc:
        return Unknown(str(exc))
    return True


def _stack(target: Target) -> tuple[str | Unknown | None, Mapping[str, str]]:
    try:
        (stack,) = target.cloudformation.describe_stacks(StackName=target.stack)["Stacks"]
    except ClientError as exc:
        absent = error_code(exc) == "ValidationError"
        return (None if absent else Unknown(str(exc))), {}
    except BotoCoreError as exc:
        return Unknown(str(exc)), {}
    given = {p["ParameterKey"]: p.get("ParameterValue", "") for p in stack.get("Parameters", ())}
    return stack["StackStatus"], given


def _bucket(
    target: Target, account: str | Unknown, name: str, *, deployed: bool
) -> Literal["free", "own", "ours", "theirs"] | Unknown:
    if isinstance(account, Unknown):
        return account
    try:
        target.s3.head_bucket(Bucket=name)
    except ClientError as exc:
        code = error_code(exc)
        if code in {"404", "NoSuchBucket"}:
            return "free"
        return "theirs" if code in _DENIED else Unknown(str(exc))
    except BotoCoreError as exc:
        return Unknown(str(exc))
    return "ours" if deployed else "own"


def _vpcs(target: Target) -> int:
    return len(target.client("ec2").describe_vpcs()["Vpcs"])


def _lambdas(target: Target) -> int:
    limits = target.client("lambda").get_account_settings()["AccountLimit"]
    return int(limits["ConcurrentExecutions"])


def _quota(target: Target, service: str, code: str) -> Quota:
    """Return an applied quota, or AWS's default where none was applied."""
    client = target.client("service-quotas")
    try:
        found = client.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]
    except ClientError as exc:
        if error_code(exc) != "NoSuchResourceException":
            raise
        found = client.get_aws_default_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]
    return Quota(found["QuotaName"], code, found["Value"])


def _sagemaker_quotas(target: Target) -> dict[str, Quota]:
    client, found = target.client("service-quotas"), {}
    for operation in ("list_aws_default_service_quotas", "list_service_quotas"):  # applied ones win
        for page in client.get_paginator(operation).paginate(ServiceCode="sagemaker"):
            for each in page["Quotas"]:
                name = each["QuotaName"]
                found[name] = Quota(name, each["QuotaCode"], each["Value"])
    return found


def _image(target: Target, account: str | Unknown, name: str, uri: str) -> Image | Unknown:
    if not uri:
        if isinstance(account, Unknown):
            return account
        region = target.session.region_name
        ending = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        uri = f"{account}.dkr.ecr.{region}.{ending}/tagline/{name}:latest"
    registry, _, path = uri.partition("/")
    host = registry.split(".")
    if host[1:3] != ["dkr", "ecr"]:
        return Unknown(f"{uri} is not in ECR")
    repository, at, digest = path.partition("@")
    repository, _, tag = repository.partition(":")
    identity = {"imageDigest": digest} if at else {"imageTag": tag or "latest"}
    where = {"registryId": host[0], "repositoryName": repository}
    return _ask(lambda: _described(target.client("ecr"), where, identity, uri))


def _described(ecr: Any, where: dict[str, str], identity: dict[str, str], uri: str) -> Image:
    try:
        found = ecr.batch_get_image(imageIds=[identity], acceptedMediaTypes=_MANIFESTS, **where)
    except ClientError as exc:
        if error_code(exc) == "RepositoryNotFoundException":
            return Image(uri, None)
        raise
    if not found["images"]:
        return Image(uri, None)
    image = found["images"][0]
    manifest = json.loads(image["imageManifest"])
    kind = image.get("imageManifestMediaType") or manifest.get("mediaType") or _MANIFESTS[0]
    if "manifests" in manifest:
        return Image(uri, kind, _best_platform(manifest["manifests"]))
    return Image(uri, kind, _platform(ecr, where, manifest))


def _best_platform(manifests: list[dict[str, Any]]) -> str | None:
    """Return linux/amd64 where an index has it, or the first platform that it has."""
    there = [
        f"{platform.get('os')}/{platform.get('architecture')}"
        for platform in (each.get("platform") or {} for each in manifests)
        if platform.get("os") not in {None, "unknown"}  # attestations are unknown/unknown
    ]
    return "linux/amd64" if "linux/amd64" in there else next(iter(there), None)


def _platform(ecr: Any, where: dict[str, str], manifest: dict[str, Any]) -> str | None:
    """Return an image's platform from its configuration, which lies beside its layers."""
    try:
        url = ecr.get_download_url_for_layer(layerDigest=manifest["config"]["digest"], **where)
        request = urllib.request.Request(url["downloadUrl"])  # noqa: S310 - as ECR gave it
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as body:  # noqa: S310
            config = json.load(body)
    except (KeyError, ClientError, BotoCoreError, OSError, ValueError):
        return None
    return f"{config.get('os')}/{config.get('architecture')}"
