"""Endpoints: one model server each, replaced blue/green.

An update moves traffic as its DeploymentConfig asks: to a server that has proved healthy, a share
of the calls at a time, while the alarms for automatic rollback are watched. The old server stays
until all of that is over. An update that fails leaves it and its configuration in place, as on AWS.
"""

import logging
import shutil
import threading
import time
from collections.abc import Callable
from typing import Any

from local import logs
from local.context import Cloud
from local.sagemaker.alarms import AlarmRaised
from local.sagemaker.deployment import (
    FAILURES,
    LOG_GROUP,
    LOG_STREAM,
    Deployments,
    described,
)
from local.sagemaker.errors import invalid
from local.sagemaker.invocations import Invocations
from local.sagemaker.roles import Roles
from local.sagemaker.server import Server, ServerFailed, Serving
from local.sagemaker.store import ENDPOINT, ENDPOINT_CONFIG, Record, Store
from local.sagemaker.traffic import Step, Traffic, steps_of

_RESTARTED = "the laptop cloud was stopped during the deployment"
_LOOK_S = 0.5  # between two looks at alarms
_UNDER_WAY = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
logger = logging.getLogger("local.sagemaker")


class Endpoints:
    """CreateEndpoint, UpdateEndpoint, DeleteEndpoint and the servers behind them."""

    def __init__(self, cloud: Cloud, store: Store, roles: Roles, invocations: Invocations) -> None:
        self._cloud = cloud
        self._store = store
        self._deployments = Deployments(cloud, store, roles)
        self._invocations = invocations
        self._traffic = Traffic()
        self._recovered: list[tuple[str, Serving]] = []
        self._closing = threading.Event()

    def pick(self, name: str) -> Server | None:
        """Return the server that answers the next call to an endpoint, or None."""
        return self._traffic.pick(name)

    def has(self, name: str, server: Server) -> bool:
        """Tell whether a server still answers for an endpoint."""
        return self._traffic.has(name, server)

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
        deployment = request.get("DeploymentConfig", {})
        steps = steps_of(deployment, self._deployments.fleet(config))
        with self._store.edit(ENDPOINT, name) as record:
            if record["EndpointStatus"] != "InService":
                raise self._not_now(record)
            if "ServerlessConfig" in variant and not record["_serving"].get("serverless"):
                raise invalid(f"Cannot update endpoint {name}: it has instances, and {config} none")
            record["EndpointStatus"] = "Updating"
            record["PendingDeploymentSummary"] = {"EndpointConfigName": config}
            record.pop("FailureReason", None)
        self._in_background(self._update, name, config, deployment, steps, name=name)
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
        self._closing.set()
        self._deployments.close()
        for server in self._traffic.all():
            server.leave()

    def _create(self, name: str, config: str) -> None:
        log = self._log(name)
        try:
            server = self._deployments.new_server(name, config, self._invocations, log)
            server.start()
        except FAILURES as exc:
            self._unless_closing(self._fail, name, f"{exc}")
            return
        self._traffic.settle(name, server)
        self._in_service(name, server)

    def _update(self, name: str, config: str, deployment: Record, steps: list[Step]) -> None:
        log = self._log(name)
        old = self._traffic.live(name)
        new: Server | None = None
        try:
            new = self._deployments.new_server(name, config, self._invocations, log)
            new.start()
            look = self._deployments.alarms(config, deployment, self._invocations)
            for step in steps:
                look()
                self._traffic.share(name, new, step.share)
                log(f"{step.share:.0%} of the calls go to {config} for {step.seconds:g} s")
                self._watch(look, step.seconds)
        except (*FAILURES, AlarmRaised) as exc:
            self._traffic.go_back(name)
            if new is not None:
                new.stop()
            self._unless_closing(self._roll_back, name, f"{exc}")
            return
        self._traffic.settle(name, new)
        self._in_service(name, new, LastDeploymentConfig=deployment or None)
        if old is not None:
            old.stop()
        self._deployments.keep_only(name, new.serving)

    def _watch(self, look: Callable[[], None], seconds: float) -> None:
        """Look at alarms for a time; raises AlarmRaised, or ServerFailed when the cloud stops."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self._closing.wait(min(left, _LOOK_S)):
                raise ServerFailed("the laptop cloud was stopped")
            look()

    def _restore(self, name: str, serving: Serving) -> None:
        try:
            self._deployments.keep_only(name, serving)
            server = self._deployments.server(serving, self._log(name))
        except FAILURES as exc:
            self._unless_closing(self._fail, name, f"after a restart of the laptop cloud: {exc}")
            return
        self._traffic.settle(name, server)  # calls wait until it is healthy
        server.resume()
        # a shadow is not brought back: whoever watched it ended with the cloud
        self._store.update(
            ENDPOINT, name, EndpointStatus="InService", ShadowProductionVariants=None
        )

    def _delete(self, name: str) -> None:
        server = self._traffic.drop(name)
        if server is not None:
            server.stop()
        shutil.rmtree(self._deployments.folder(name), ignore_errors=True)
        self._store.remove(ENDPOINT, name)

    def _in_service(self, name: str, server: Server, **members: Any) -> None:
        with self._store.edit(ENDPOINT, name) as record:
            record.update(described(server), EndpointStatus="InService")
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
        if not self._closing.is_set():  # the next start of the cloud finds the status as it was
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
