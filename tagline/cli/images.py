"""`tagline images push`: build the images, push them, pin what was pushed.

SageMaker takes a Docker image manifest of version 2 for linux/amd64 and nothing else; what current
builders push by default is an OCI index with an attestation beside the image.
"""

import base64
import os
import re
import shlex
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from tagline.cli.environments import ROOT, tool
from tagline.cli.errors import Refused
from tagline.cli.output import say

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

IMAGES = {
    "im2rec": "Im2recImageUri",
    "trainer": "TrainerImageUri",
    "trainer_torch": "TorchTrainerImageUri",
    "mxnet-training": "ScriptImageUri",
    "recommender": "RecommenderImageUri",
    "server": "ServerImageUri",
}
REGISTRY_STACK = "tagline-images"
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_SECTION = "[default.deploy.parameters]"
_UNKNOWN = "ACCOUNT.dkr.ecr.REGION.amazonaws.com"  # of a dry run


@dataclass(frozen=True)
class Registry:
    """Where images are pushed: the host and, but in a dry run, the means to log in."""

    host: str
    password: str = ""


def images(
    action: str,  # noqa: ARG001 - push is all there is
    tag: str | None,
    config: Path | None,
    dry_run: bool,
) -> None:
    """Build the images for an account, push them, pin their digests."""
    config = config or ROOT / "samconfig.toml"
    tag = tag or datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", tag):
        raise Refused(f"tag {tag[:60]!r}: up to 128 letters, digits, '_', '.' and '-'")
    if dry_run:
        for command in [_repositories(), *_commands(Registry(_UNKNOWN), tag)]:
            print(shlex.join(command))
        print(f"# then {', '.join(IMAGES.values())} are pinned by digest in {config}")
        return
    _push(boto3.session.Session(), tag, config)


def _push(session: boto3.session.Session, tag: str, config: Path) -> None:
    if shutil.which("docker") is None:
        raise Refused("docker is not on PATH: the images are built and pushed by it")
    written = _Config.read(config)
    _run(_repositories())
    ecr = session.client("ecr")
    registry = _registry(ecr)
    login, *builds = _commands(registry, tag)
    _run(login, given=registry.password)
    for command in builds:
        _run(command)
    pinned = {
        parameter: f"{registry.host}/tagline/{name}@{_pushed(ecr, name, tag)}"
        for name, parameter in IMAGES.items()
    }
    written.pin(pinned)
    for uri in pinned.values():
        say(uri)
    say(f"Pinned in {config}: deploy with `sam build && sam deploy`")


def _repositories() -> list[str]:
    return [
        str(tool("sam", "sam")),
        *("deploy", "--template-file", str(ROOT / "templates/registry.yaml")),
        *("--stack-name", REGISTRY_STACK, "--no-confirm-changeset", "--no-fail-on-empty-changeset"),
        # the stack of the repositories has no parameters, whatever the configuration says
        *("--config-file", os.devnull),
    ]


def _commands(registry: Registry, tag: str) -> list[list[str]]:
    """Return the login, then for each image the command that builds and pushes it."""
    login = ["docker", "login", "--username", "AWS", "--password-stdin", registry.host]
    return [login, *(_build(registry, name, tag) for name in IMAGES)]


def _build(registry: Registry, name: str, tag: str) -> list[str]:
    uri = f"{registry.host}/tagline/{name}:{tag}"
    return [
        *("docker", "buildx", "build", "--platform", "linux/amd64"),
        *("--provenance=false", "--sbom=false"),  # else what is pushed is an index
        *("--output", f"type=image,name={uri},push=true,oci-mediatypes=false"),
        *("--file", str(ROOT / "containers" / name / "Dockerfile"), str(ROOT)),
    ]


def _run(command: list[str], given: str | None = None) -> None:
    done = subprocess.run(command, input=given, text=True, check=False)
    if done.returncode:
        raise Refused(f"{shlex.join(command)} failed (exit {done.returncode})")


def _registry(ecr: "ECRClient") -> Registry:
    (data,) = ecr.get_authorization_token()["authorizationData"]
    _, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    return Registry(data["proxyEndpoint"].removeprefix("https://"), password)


def _pushed(ecr: "ECRClient", name: str, tag: str) -> str:
    """Return the digest of what lies in ECR; raises Refused for what SageMaker would refuse."""
    (image,) = ecr.describe_images(repositoryName=f"tagline/{name}", imageIds=[{"imageTag": tag}])[
        "imageDetails"
    ]
    kind = image.get("imageManifestMediaType")
    if kind != _MANIFEST:
        raise Refused(
            f"tagline/{name}:{tag} was pushed as {kind}, and SageMaker takes {_MANIFEST} alone: "
            "update docker and its buildx, then push again"
        )
    return image["imageDigest"]


@dataclass(frozen=True)
class _Config:
    """samconfig.toml, whose other lines stay as they are."""

    path: Path
    text: str
    overrides: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> "_Config":
        text = path.read_text(encoding="utf-8")
        try:
            found: Any = tomllib.loads(text)["default"]["deploy"]["parameters"]
        except (tomllib.TOMLDecodeError, KeyError, TypeError) as exc:
            raise Refused(f"{path}: no section {_SECTION}, or no TOML: {exc}") from exc
        said = found.get("parameter_overrides", [])
        words = shlex.split(said) if isinstance(said, str) else [str(word) for word in said]
        return cls(path, text, dict(word.split("=", 1) for word in words if "=" in word))

    def pin(self, parameters: dict[str, str]) -> None:
        """Set template parameters beside those that are set already."""
        words = [f'  "{name}={value}",' for name, value in (self.overrides | parameters).items()]
        setting = "\n".join(["parameter_overrides = [", *words, "]", ""])
        setting = setting.replace("\\", "\\\\")
        rest = re.sub(
            r"^parameter_overrides *= *(\[[^\]]*\]|.*)\n", "", self.text, flags=re.MULTILINE
        )
        self.path.write_text(rest.replace(f"{_SECTION}\n", f"{_SECTION}\n{setting}", 1), "utf-8")
