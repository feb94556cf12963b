"""From an endpoint configuration to a server: the model's files on disk, then the process."""

import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.clients import Clients
from local.context import Cloud
from local.sagemaker.alarms import look
from local.sagemaker.capture import Capture
from local.sagemaker.errors import SageMakerError
from local.sagemaker.invocations import Invocations
from local.sagemaker.models import container_of, fetch
from local.sagemaker.roles import Role, Roles
from local.sagemaker.server import HEALTH_LIMIT_S, Server, ServerFailed, Serving
from local.sagemaker.shadow import Beside
from local.sagemaker.store import ENDPOINT_CONFIG, MODEL, Record, Store

LOG_GROUP, LOG_STREAM = "/aws/sagemaker/Endpoints", "AllTraffic/laptop"
FAILURES = (ClientError, BotoCoreError, SageMakerError, OSError, ValueError, RuntimeError)


class Deployments:
    """Makes servers; each has a folder of its own, so that an old one can go on beside it."""

    def __init__(self, cloud: Cloud, store: Store, roles: Roles) -> None:
        self._cloud = cloud
        self._clients = Clients(cloud)
        self._store = store
        self._roles = roles
        self._closing = False

    def close(self) -> None:
        """Make no more servers."""
        self._closing = True

    def folder(self, endpoint: str) -> Path:
        """Return the folder of an endpoint's servers."""
        return self._cloud.state_dir / "endpoints" / endpoint

    def new_server(
        self, endpoint: str, config: str, calls: Invocations, log: Callable[[str], None]
    ) -> Server:
        """Fetch the models of a configuration and return its server, not yet started."""
        wanted = self._store.get(ENDPOINT_CONFIG, config)
        base = self.folder(endpoint) / secrets.token_hex(6)
        variant = wanted["ProductionVariants"][0]
        server = self._fetched(endpoint, config, variant, base, log)
        capture = wanted.get("DataCaptureConfig", {})
        shadows = wanted.get("ShadowProductionVariants", [])
        if capture.get("EnableCapture") or shadows:
            objects = self._role_of(config).objects
            server.beside = Beside(
                endpoint,
                variant["VariantName"],
                capture=Capture(endpoint, capture, objects, log) if capture else None,
                shadow=self._fetched(endpoint, config, shadows[0], base / "shadow", log)
                if shadows
                else None,
                invocations=calls,
                log=log,
            )
        return server

    def _fetched(
        self, endpoint: str, config: str, variant: Record, folder: Path, log: Callable[[str], None]
    ) -> Server:
        model = self._store.get(MODEL, variant["ModelName"])
        container = container_of(model)
        role = self._roles.of(model["ExecutionRoleArn"])
        role.log(f"{LOG_GROUP}/{endpoint}", LOG_STREAM)
        base = folder / "ml"
        fetch(role, container, base)
        limit = variant.get("ContainerStartupHealthCheckTimeoutInSeconds", HEALTH_LIMIT_S)
        serving = Serving(
            base=str(base),
            image=container["Image"],
            environment=container.get("Environment", {}),
            config=config,
            variant=variant["VariantName"],
            weight=variant.get("InitialVariantWeight", 1.0),
            health_limit_s=limit,
            serverless=variant.get("ServerlessConfig"),
            role="" if model.get("EnableNetworkIsolation") else role.arn,
        )
        return self.server(serving, log)

    def fleet(self, config: str) -> int:
        """Return how many instances a configuration asks for."""
        variant = self._store.get(ENDPOINT_CONFIG, config)["ProductionVariants"][0]
        count: int = variant.get("InitialInstanceCount", 1)
        return count

    def alarms(self, config: str, deployment: Record, calls: Invocations) -> Callable[[], None]:
        """Return what looks at the alarms for automatic rollback and raises AlarmRaised."""
        named = deployment.get("AutoRollbackConfiguration", {}).get("Alarms", [])
        names = [alarm["AlarmName"] for alarm in named]
        if not names:
            return lambda: None
        self._role_of(config).alarms(names)
        cloudwatch = self._clients.of("cloudwatch")
        return lambda: look(names, cloudwatch, calls)

    def _role_of(self, config: str) -> Role:
        variant = self._store.get(ENDPOINT_CONFIG, config)["ProductionVariants"][0]
        return self._roles.of(self._store.get(MODEL, variant["ModelName"])["ExecutionRoleArn"])

    def server(self, serving: Serving, log: Callable[[str], None]) -> Server:
        """Return the server of files that are there already."""
        if self._closing:
            raise ServerFailed("the laptop cloud is stopping")
        if not Path(serving.base, "model").is_dir():
            raise ServerFailed(f"the model's files are gone from {serving.base}")
        return Server(self._cloud, serving, log)

    def keep_only(self, endpoint: str, serving: Serving) -> None:
        """Remove the folders of an endpoint's other servers."""
        kept = Path(serving.base).parent
        for folder in self.folder(endpoint).iterdir():
            if folder != kept:
                shutil.rmtree(folder, ignore_errors=True)


def described(server: Server) -> Record:
    """Return the members of an endpoint's record that say what it serves."""
    beside = server.beside
    shadow = beside.shadow if isinstance(beside, Beside) else None
    return {
        "EndpointConfigName": server.serving.config,
        "ProductionVariants": [_summary(server.serving)],
        "ShadowProductionVariants": [_summary(shadow.serving)] if shadow else None,
        "_serving": asdict(server.serving),
    }


def _summary(serving: Serving) -> Record:
    image = {"SpecifiedImage": serving.image, "ResolvedImage": serving.image}
    summary: dict[str, Any] = {
        "VariantName": serving.variant,
        "DeployedImages": [{**image, "ResolutionTime": time.time()}],
        "CurrentWeight": serving.weight,
        "DesiredWeight": serving.weight,
    }
    if serving.serverless:
        summary["CurrentServerlessConfig"] = serving.serverless
    else:  # one process, whatever number was asked for
        summary |= {"CurrentInstanceCount": 1, "DesiredInstanceCount": 1}
    return summary
