"""Models and endpoint configurations: what an endpoint is made from."""

import tempfile
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local.images import UnknownImage, command_of
from local.sagemaker import archives
from local.sagemaker.errors import invalid
from local.sagemaker.jobs import check_s3, required
from local.sagemaker.roles import Role, Roles
from local.sagemaker.store import ENDPOINT_CONFIG, MODEL, Record, Store


class Models:
    """CreateModel, CreateEndpointConfig and what belongs to them."""

    def __init__(self, store: Store, roles: Roles) -> None:
        self._store = store
        self._roles = roles

    def create_model(self, request: dict[str, Any]) -> dict[str, Any]:
        """Keep a model of one container whose image and artifact exist."""
        containers = [
            *request.get("Containers", []),
            *filter(None, [request.get("PrimaryContainer")]),
        ]
        if len(containers) != 1:
            raise invalid(
                f"a model of {len(containers)} containers: the laptop cloud serves exactly one"
            )
        container = containers[0]
        required(container, "Image")
        required(request, "ExecutionRoleArn")
        try:
            command_of(container["Image"], ["serve"], cloud=self._roles.cloud)
        except UnknownImage as exc:
            raise invalid(str(exc)) from exc
        artifact = artifact_of(container)
        if artifact is not None:
            check_s3(artifact, "ModelDataUrl")
            _check_artifact(self._roles.of(request["ExecutionRoleArn"]), artifact)
        name = request["ModelName"]
        arn = self._store.arn(MODEL, name)
        record = {key: value for key, value in request.items() if key != "Tags"}
        self._store.add(MODEL, name, {**record, "ModelArn": arn}, request.get("Tags"))
        return {"ModelArn": arn}

    def create_config(self, request: dict[str, Any]) -> dict[str, Any]:
        """Keep an endpoint configuration of one variant whose model exists."""
        variants = request["ProductionVariants"]
        if len(variants) != 1:
            raise invalid(f"{len(variants)} production variants: the laptop cloud serves one")
        required(variants[0], "ModelName")
        self._check_shadow(request)
        if ("InstanceType" in variants[0]) == ("ServerlessConfig" in variants[0]):
            raise invalid("a production variant has either InstanceType or ServerlessConfig")
        model = self._store.get(MODEL, variants[0]["ModelName"])
        if "ServerlessConfig" in variants[0]:
            _check_serverless(variants[0], model)
        name = request["EndpointConfigName"]
        arn = self._store.arn(ENDPOINT_CONFIG, name)
        record = {key: value for key, value in request.items() if key != "Tags"}
        record["EndpointConfigArn"] = arn
        self._store.add(ENDPOINT_CONFIG, name, record, request.get("Tags"))
        return {"EndpointConfigArn": arn}

    def _check_shadow(self, request: dict[str, Any]) -> None:
        """Refuse what SageMaker's shadows are not."""
        shadows = request.get("ShadowProductionVariants") or []
        if not shadows:
            return
        if len(shadows) != 1:
            raise invalid("If ShadowProductionVariants is given, there is one of each variant")
        production, shadow = request["ProductionVariants"][0], shadows[0]
        if "ServerlessConfig" in production or "ServerlessConfig" in shadow:
            raise invalid("a serverless endpoint has no shadow variant")
        required(shadow, "ModelName")
        self._store.get(MODEL, shadow["ModelName"])
        if shadow["VariantName"] == production["VariantName"]:
            raise invalid(f"two variants are named {shadow['VariantName']}")


def _check_serverless(variant: Record, model: Record) -> None:
    """Refuse what serverless endpoints do not have.

    https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
    """
    memory = variant["ServerlessConfig"]["MemorySizeInMB"]
    if memory % 1024:
        raise invalid(f"MemorySizeInMB {memory} of a serverless variant is no multiple of 1024")
    if model.get("EnableNetworkIsolation"):
        raise invalid("a serverless endpoint cannot serve a model with network isolation")
    if model.get("VpcConfig"):
        raise invalid("a serverless endpoint cannot serve a model with a VpcConfig")
    if "InitialInstanceCount" in variant:
        raise invalid("a serverless variant has no InitialInstanceCount")


def _check_artifact(role: Role, uri: str) -> None:
    missing = f"Could not find model data at {uri}."
    try:
        found = uri in role.objects.list(uri)
    except ClientError as exc:
        raise invalid(f"{missing} {exc}") from exc
    if not found:
        raise invalid(missing)


def container_of(model: Record) -> Record:
    """Return a model's only container."""
    container: Record = model.get("PrimaryContainer") or model["Containers"][0]
    return container


def artifact_of(container: Record) -> str | None:
    """Return the URI of a container's model.tar.gz, or None where it brings none."""
    source = container.get("ModelDataSource", {}).get("S3DataSource", {}).get("S3Uri")
    artifact: str | None = container.get("ModelDataUrl") or source
    return artifact


def fetch(role: Role, container: Record, base: Path) -> None:
    """Fetch a container's image, and its artifact into the folder that stands for /opt/ml."""
    role.pull(container["Image"])
    (base / "model").mkdir(parents=True)
    artifact = artifact_of(container)
    if artifact is not None:
        with tempfile.TemporaryDirectory(dir=base.parent) as unpacked:
            file = Path(unpacked) / "model.tar.gz"
            role.objects.get(artifact, file)
            archives.unpack(file, base / "model")
