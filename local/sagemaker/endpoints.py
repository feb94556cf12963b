"""Endpoints: one model server each, replaced blue/green.

AWS moves traffic in steps when a DeploymentConfig asks for a canary. Here one process answers, so
traffic moves all at once, to a server that has proved healthy; the endpoint's log says so. Alarms
for automatic rollback are looked at once, just before. An update that fails leaves the old server
and configuration in place, as on AWS.
"""

import logging
import shutil
import threading
from collections.abc import Callable
from typing import Any

from local import logs
from local.context import Cloud
from local.sagemaker.deployment import (
    FAILURES,
    LOG_GROUP,
    LOG_STREAM,
    AlarmRaised,
    Deployments,
    described,
)
from local.sagemaker.errors import invalid
from local.sagemaker.roles import Roles
from local.sagemaker.server import Server, Serving
from local.sagemaker.store import ENDPOINT, ENDPOINT_CONFIG, Record, Store

_RESTARTED = "the laptop cloud was stopped during the deployment"
_UNDER_WAY = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
logger = logging.getLogger("local.sagemaker")


class Endpoints:
    """CreateEndpoint, UpdateEndpoint, DeleteEndpoint and the servers behind them."""

    def __init__(self, cloud: Cloud, store: Store, roles: Roles) -> None:
        self._cloud = cloud
        self._store = store
        self._deployments = Deployments(cloud, store, roles)
        self._lock = threading.Lock()
        self._live: dict[str, Server] = {}
        self._recovered: list[tuple[str, Serving]] = []
        self._closing = False

    def live(self, name: str) -> Server | None:
        """Return the server that answers for an endpoint now, or None."""
        with self._lock:
            return self._live.get(name)

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """Begin to serve a configuration."""
        name, config = request["EndpointName"], request["EndpointConfigName"]
        self._store.get(ENDPOINT_CONFIG, config)
        record = {
            "EndpointName": name,
            "EndpointArn": self._store.arn(ENDPOINT, name),
            "EndpointConfigName": config,
            "EndpointStatus": "Creating",
        }
        arn = self._store.add(ENDPOINT, name, record, request.get("Tags"))
        self._in_background(self._create, name, config, name=name)
        return {"EndpointArn": arn}

    def update(self, request: dict[str, Any]) -> dict[str, Any]:
        """Begin to replace what an endpoint serves; raises unless it is InService."""
        name, config = request["EndpointName"], request["EndpointConfigName"]
        variant = self._store.get(ENDPOINT_CONFIG, config)["ProductionVariants"][0]
        with self._store.edit(ENDPOINT, name) as record:
            if record["EndpointStatus"] != "InService":
                raise self._not_now(record)
            if "ServerlessConfig" in variant and not record["_serving"].get("serverless"):
                raise invalid(f"Cannot update endpoint {name}: it has instances, and {config} none")
            record["EndpointStatus"] = "Updating"
            record["PendingDeploymentSummary"] = {"EndpointConfigName": config}
            record.pop("FailureReason", None)
        deployment = request.get("DeploymentConfig", {})
        self._in_background(self._update, name, config, deployment, name=name)
        return {"EndpointArn": record["EndpointArn"]}

    def delete(self, name: str) -> dict[str, Any]:
        """Begin to end an endpoint; raises while another change is under way."""
        with self._store.edit(ENDPOINT, name) as record:
            if record["EndpointStatus"] in _UNDER_WAY:
                raise self._not_now(record)
            record["EndpointStatus"] = "Deleting"
        self._in_background(self._delete, name, name=name)
        return {}

    def recover(self) -> None:
        """Bring what an earlier run of the cloud left into order, before requests come."""
        for record in self._store.all(ENDPOINT):
            name, status = record["EndpointName"], record["EndpointStatus"]
            if status == "Deleting":
                self._delete(name)
            elif "_serving" in record and status != "Failed":
                with self._store.edit(ENDPOINT, name) as changed:
                    changed["EndpointStatus"] = "SystemUpdating"
                    if changed.pop("PendingDeploymentSummary", None):
                        changed["FailureReason"] = f"The update was rolled back: {_RESTARTED}"
                self._recovered.append((name, Serving(**record["_serving"])))
            elif status != "Failed":
                self._fail(name, _RESTARTED)

    def start(self) -> None:
        """Serve again what was in service when the cloud stopped, from the kept model files."""
        for name, serving in self._recovered:
            self._in_background(self._restore, name, serving, name=name)
        self._recovered = []

    def close(self) -> None:
        """Start no more processes: the cloud stops."""
        self._closing = True
        self._deployments.close()
        with self._lock:
            servers = list(self._live.values())
        for server in servers:
            server.leave()

    def _create(self, name: str, config: str) -> None:
        log = self._log(name)
        try:
            server = self._deployments.new_server(name, config, log)
            server.start()
        except FAILURES as exc:
            self._unless_closing(self._fail, name, f"{exc}")
            return
        with self._lock:
            self._live[name] = server
        self._in_service(name, server.serving)

    def _update(self, name: str, config: str, deployment: Record) -> None:
        log = self._log(name)
        old = self.live(name)
        new: Server | None = None
        try:
            new = self._deployments.new_server(name, config, log)
            new.start()
            self._deployments.check_alarms(config, deployment)
        except (*FAILURES, AlarmRaised) as exc:
            if new is not None:
                new.stop()
            self._unless_closing(self._roll_back, name, f"{exc}")
            return
        routing = deployment.get("BlueGreenUpdatePolicy", {}).get("TrafficRoutingConfiguration", {})
        if routing.get("Type", "ALL_AT_ONCE") != "ALL_AT_ONCE":
            log(f"{routing['Type']} asked for; the laptop cloud moves all traffic at once")
        with self._lock:
            self._live[name] = new
        self._in_service(name, new.serving, LastDeploymentConfig=deployment or None)
        if old is not None:
            old.stop()
        self._deployments.keep_only(name, new.serving)

    def _restore(self, name: str, serving: Serving) -> None:
        try:
            self._deployments.keep_only(name, serving)
            server = self._deployments.server(serving, self._log(name))
        except FAILURES as exc:
            self._unless_closing(self._fail, name, f"after a restart of the laptop cloud: {exc}")
            return
        with self._lock:
            self._live[name] = server  # calls wait until it is healthy
        server.resume()
        self._store.update(ENDPOINT, name, EndpointStatus="InService")

    def _delete(self, name: str) -> None:
        with self._lock:
            server = self._live.pop(name, None)
        if server is not None:
            server.stop()
        shutil.rmtree(self._deployments.folder(name), ignore_errors=True)
        self._store.remove(ENDPOINT, name)

    def _in_service(self, name: str, serving: Serving, **members: Any) -> None:
        with self._store.edit(ENDPOINT, name) as record:
            record.update(described(serving), EndpointStatus="InService")
            record.update(members)
            record.pop("PendingDeploymentSummary", None)

    def _roll_back(self, name: str, reason: str) -> None:
        self._log(name)(f"the update is rolled back: {reason}")
        with self._store.edit(ENDPOINT, name) as record:
            record.pop("PendingDeploymentSummary", None)
            record["EndpointStatus"] = "InService"
            record["FailureReason"] = f"The update was rolled back: {reason}"
            kept = Serving(**record["_serving"])
        self._deployments.keep_only(name, kept)

    def _fail(self, name: str, reason: str) -> None:
        logger.warning("endpoint %s failed: %s", name, reason)
        self._store.update(ENDPOINT, name, EndpointStatus="Failed", FailureReason=reason)

    def _unless_closing(self, act: Callable[[str, str], None], name: str, reason: str) -> None:
        if not self._closing:  # the next start of the cloud finds the status as it was
            act(name, reason)

    def _log(self, name: str) -> Callable[[str], None]:
        return logs.writer(f"{LOG_GROUP}/{name}", LOG_STREAM)

    def _not_now(self, record: Record) -> Exception:
        arn, status = record["EndpointArn"], record["EndpointStatus"]
        return invalid(f'Cannot update in-progress endpoint "{arn}": its status is {status}.')

    def _in_background(self, act: Callable[..., None], *arguments: Any, name: str) -> None:
        def run() -> None:
            ended = False
            try:
                act(*arguments)
                ended = True
            finally:
                if not ended:  # a defect of the laptop cloud, which its own output shows
                    self._fail(name, "the laptop cloud could not carry out the change")

        threading.Thread(target=run, name=f"endpoint-{name}", daemon=True).start()
