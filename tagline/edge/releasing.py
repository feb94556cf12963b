"""ReleaseEdge: what was packaged is signed and sent out, and release.json says where it went."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tagline.aws.faults import Conflict
from tagline.aws.s3 import Bucket
from tagline.edge import greengrass, jobs
from tagline.edge.groups import find_groups
from tagline.edge.outgoing import Outgoing
from tagline.edge.signing import sign, statement_of
from tagline.formats.edge import EdgeOrder, EdgePackage, EdgeRelease
from tagline.formats.edge_keys import EdgeKeys
from tagline.formats.keys import RunKeys
from tagline.formats.locations import Location
from tagline.formats.steps import ReleaseAnswer, ReleaseEvent


@dataclass(frozen=True)
class Services:
    """Clients of what a release calls, and the ARNs of the signing key and the links' role."""

    kms: Any
    iot: Any
    greengrass: Any
    key: str
    jobs_role: str


def release(event: ReleaseEvent, bucket: Bucket, services: Services) -> ReleaseAnswer:
    """Sign a packaged version, send it to its targets, and write release.json last.

    A version that has one went out: it stays so. What an earlier attempt made is found and taken.
    Raises NotReleased before anything goes out where a target does not exist.
    """
    keys, version = EdgeKeys(RunKeys(event.run).dataset), event.packaging.version
    found = bucket.get(keys.release(version), EdgeRelease)
    if found is None:
        found = _release(bucket, keys, version, services)
        try:
            bucket.write_over(keys.release(version), found, None)
        except Conflict:  # an attempt that was given up was faster
            found = bucket.read(keys.release(version), EdgeRelease)
    targets = tuple(each.target for each in found.deployments)
    return ReleaseAnswer(version=version, targets=targets, reason=_said(found))


def _release(bucket: Bucket, keys: EdgeKeys, version: str, services: Services) -> EdgeRelease:
    order = bucket.read(keys.order(version), EdgeOrder)
    package = bucket.read(keys.package(version), EdgePackage)
    groups = find_groups(services.iot, order.targets)
    statement = statement_of(bucket, package)
    outgoing = Outgoing(
        dataset=keys.dataset,
        version=version,
        run=package.run,
        artifact=Location(bucket.name, keys.model(version)),
        statement=statement,
        signature=sign(services.kms, services.key, statement),
    )
    component = None
    if order.by == "greengrass":
        client = services.greengrass
        component, outgoing = greengrass.publish(client, outgoing, services.key)
        deployments = greengrass.deploy(client, outgoing, component, groups)
    else:
        deployments = jobs.send(services.iot, outgoing, groups, services.jobs_role)
    return EdgeRelease(
        dataset=keys.dataset,
        version=version,
        run=package.run,
        created=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        artifact=outgoing.artifact.uri,
        statement=statement,
        signature=outgoing.signature,
        key_id=services.key,
        by=order.by,
        component=component,
        deployments=deployments,
        precision=package.precision,
        int8=package.int8,
    )


def _said(found: EdgeRelease) -> str:
    how = "Greengrass" if found.by == "greengrass" else "IoT jobs"
    targets = ", ".join(each.target for each in found.deployments)
    told = f" ({found.int8.reason})" if found.int8 else ""
    return f"version {found.version}, {found.precision}, went to {targets} by {how}{told}"
