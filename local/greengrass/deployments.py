"""Deployments: each an IoT job for its target, as on AWS; the newest replaces the one before.

The document of the job is what `tagline-device` installs by, made of the component's recipe.
"""

import json
import time
import uuid
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from local.clients import Clients
from local.greengrass.components import Components
from local.greengrass.errors import absent, conflict, invalid
from local.greengrass.store import Record, Store, page
from tagline.edge.jobs import job_document, link_to
from tagline.edge.recipe_rules import artifacts
from tagline.formats.locations import Location

_ROLE = "laptop-greengrass"  # what the links in jobs are signed as
_LINK_SECONDS = 3600
_TRUST = {
    "Effect": "Allow",
    "Principal": {"Service": "iot.amazonaws.com"},
    "Action": "sts:AssumeRole",
}
_READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*"}
_ENDED = ("COMPLETED", "CANCELED", "FAILED")


class Deployments:
    """What the operations on deployments do."""

    def __init__(self, store: Store, components: Components, clients: Clients) -> None:
        self._store = store
        self._components = components
        self._clients = clients

    def create(self, request: Record) -> Record:
        """Send components to a thing or a thing group."""
        target = request["targetArn"]
        again = self._of_token(request.get("clientToken"))
        if again is not None:
            if again["request"] != _plain(request):
                raise conflict("clientToken was used with another request")
            return _answer(again)
        self._check_target(target)
        wanted = request.get("components") or {}
        for name, asked in wanted.items():
            version = asked.get("componentVersion")
            if not version:
                raise invalid(f"components.{name}.componentVersion has to be given")
            self._components.version(self._store.arn(f"components:{name}:versions:{version}"))
        before = self._latest(target)
        number = str(uuid.uuid4())
        jobs = self._send(number, target, _changed(wanted, before))
        record = {
            "id": number,
            "token": request.get("clientToken"),
            "request": _plain(request),
            "target": target,
            "revision": str(int(before["revision"]) + 1 if before else 1),
            "jobs": jobs,
            "status": "ACTIVE",
            "created": time.time(),
        }
        with self._store.changing():
            if before:
                before["status"] = "INACTIVE"
            self._store.deployments[number] = record
            self._store.tags[self._arn(record)] = dict(request.get("tags") or {})
        if before:
            self._cancel_jobs(before)
        return _answer(record)

    def get(self, request: Record) -> Record:
        """Return a deployment."""
        found = self._find(request["deploymentId"])
        asked = found["request"]
        kept = ("deploymentName", "components", "deploymentPolicies", "iotJobConfiguration")
        return {
            **self._summary(found),
            **{key: asked[key] for key in kept if key in asked},
            "iotJobId": found["jobs"][0]["id"],
            "iotJobArn": found["jobs"][0]["arn"],
            "tags": self._store.tags.get(self._arn(found), {}),
        }

    def listed(self, request: Record) -> Record:
        """Return deployments, the newest first; of each target the latest, unless all are asked."""
        every = request.get("historyFilter", "LATEST_ONLY") == "ALL"
        listed = [
            self._summary(found)
            for found in reversed(self._store.deployments.values())
            if request.get("targetArn", found["target"]) == found["target"]
            and (every or found is self._latest(found["target"]))
        ]
        return page(listed, request, "deployments")

    def cancel(self, request: Record) -> Record:
        """Stop a deployment; devices that have it keep it."""
        found = self._find(request["deploymentId"])
        if self._status(found) in (*_ENDED, "INACTIVE"):
            raise conflict(f"Deployment {found['id']} is {self._status(found)}")
        self._cancel_jobs(found)
        with self._store.changing():
            found["status"] = "CANCELED"
        return {"message": f"Deployment {found['id']} is canceled"}

    def _send(self, number: str, target: str, changed: Record) -> list[Record]:
        """Make the IoT jobs that bring components to a target."""
        made: list[Record] = []
        for name, asked in changed.items() or [("", {})]:
            document = self._document(name, asked)
            own = f"{number}-{len(made)}" if made else number
            try:
                answer = self._clients.of("iot").create_job(
                    jobId=own,
                    targets=[target],
                    document=document,
                    targetSelection="CONTINUOUS" if ":thinggroup/" in target else "SNAPSHOT",
                    presignedUrlConfig={"roleArn": self._role(), "expiresInSec": _LINK_SECONDS},
                )
            except ClientError as exc:
                raise invalid(f"the IoT job was refused: {exc}") from exc
            made.append({"id": own, "arn": answer["jobArn"]})
        return made

    def _document(self, name: str, asked: Record) -> str:
        """Return the document of the job that brings a component's version."""
        if not name:
            return json.dumps({"operation": "greengrass-deployment", "components": {}})
        version = asked["componentVersion"]
        arn = self._store.arn(f"components:{name}:versions:{version}")
        recipe = self._components.version(arn)["recipe"]
        default = dict(recipe.get("ComponentConfiguration", {}).get("DefaultConfiguration", {}))
        merged = asked.get("configurationUpdate", {}).get("merge")
        default.update(json.loads(merged) if merged else {})
        found = next(artifacts(recipe), None)
        ours = ("dataset", "version", "statement", "signature")
        if found is None or not all(isinstance(default.get(key), str) for key in ours):
            components = {name: {"componentVersion": version}}
            return json.dumps({"operation": "greengrass-deployment", "components": components})
        _, bucket, key = found
        return job_document(
            url=link_to(Location(bucket, key), arn), **{key: default[key] for key in ours}
        )

    def _check_target(self, target: str) -> None:
        parts = target.split(":", 5)
        kind, _, name = parts[-1].partition("/")
        if len(parts) != 6 or parts[2] != "iot" or kind not in ("thing", "thinggroup"):  # noqa: PLR2004
            raise invalid(f"targetArn: {target[:200]} is not the ARN of a thing or a thing group")
        iot = self._clients.of("iot")
        try:
            if kind == "thing":
                iot.describe_thing(thingName=name)
            else:
                iot.describe_thing_group(thingGroupName=name)
        except ClientError as exc:
            raise absent(f"Target {target} does not exist") from exc

    def _role(self) -> str:
        iam: Any = self._clients.of("iam")
        with suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_role(RoleName=_ROLE, AssumeRolePolicyDocument=_policy(_TRUST))
            iam.put_role_policy(RoleName=_ROLE, PolicyName="read", PolicyDocument=_policy(_READ))
        arn: str = iam.get_role(RoleName=_ROLE)["Role"]["Arn"]
        return arn

    def _cancel_jobs(self, found: Record) -> None:
        for job in found["jobs"]:
            with suppress(ClientError):  # ended, or deleted by hand
                self._clients.of("iot").cancel_job(jobId=job["id"], force=True)

    def _of_token(self, token: str | None) -> Record | None:
        every = self._store.deployments.values()
        return next((found for found in every if token and found["token"] == token), None)

    def _latest(self, target: str) -> Record | None:
        every = reversed(self._store.deployments.values())
        return next((found for found in every if found["target"] == target), None)

    def _find(self, number: str) -> Record:
        found = self._store.deployments.get(number)
        if found is None:
            raise absent(f"Deployment {number} does not exist")
        return found

    def _status(self, found: Record) -> str:
        """Return a deployment's status; one to a thing ends with its job."""
        if found["status"] != "ACTIVE" or ":thinggroup/" in found["target"]:
            return str(found["status"])
        with suppress(ClientError):
            job = self._clients.of("iot").describe_job(jobId=found["jobs"][0]["id"])["job"]
            if job["status"] in _ENDED:
                return str(job["status"])
        return "ACTIVE"

    def _summary(self, found: Record) -> Record:
        return {
            "targetArn": found["target"],
            "revisionId": found["revision"],
            "deploymentId": found["id"],
            "deploymentName": found["request"].get("deploymentName", ""),
            "creationTimestamp": found["created"],
            "deploymentStatus": self._status(found),
            "isLatestForTarget": found is self._latest(found["target"]),
        }

    def _arn(self, found: Record) -> str:
        return self._store.arn(f"deployments:{found['id']}")


def _changed(wanted: Record, before: Record | None) -> Record:
    """Return the components that a deployment brings anew; all of them where none is new."""
    had = (before["request"].get("components") or {}) if before else {}
    return {name: asked for name, asked in wanted.items() if had.get(name) != asked} or wanted


def _answer(found: Record) -> Record:
    job = found["jobs"][0]
    return {"deploymentId": found["id"], "iotJobId": job["id"], "iotJobArn": job["arn"]}


def _plain(request: Record) -> Record:
    return {key: value for key, value in request.items() if key not in ("clientToken", "tags")}


def _policy(statement: Record) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
