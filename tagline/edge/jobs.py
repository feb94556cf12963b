"""A release as IoT jobs: for devices that run `tagline-device` without Greengrass."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from tagline.edge.errors import NotReleased
from tagline.edge.outgoing import Outgoing
from tagline.formats.document import decode_record
from tagline.formats.edge import UPDATE, EdgeDeployment, EdgeUpdate
from tagline.formats.locations import Location

_LINK_SECONDS = 3600
_PROGRESS_MINUTES = 60
_DIGEST = 12


def job_document(*, dataset: str, version: str, url: str, statement: str, signature: str) -> str:
    """Return an IoT job's document, JSON; IoT fills in a link for a placeholder in `url`."""
    update = EdgeUpdate(
        operation=UPDATE,  # type: ignore[arg-type]
        dataset=dataset,
        version=version,
        url=url,
        statement=statement,
        signature=signature,
    )
    return msgspec.json.encode(update).decode()


def link_to(location: Location, arn: str) -> str:
    """Return the placeholder for which IoT puts in a signed link to an object.

    `arn` is of anything in the region that it lies in.
    """
    _, partition, _, region, *_ = arn.split(":")
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    address = f"https://s3.{region}.{suffix}/{location.bucket}/{location.key}"
    return f"${{aws:iot:s3-presigned-url:{address}}}"


def job_prefix(dataset: str) -> str:
    """Return what the names of all jobs of a dataset begin with."""
    return f"tagline-{dataset}-"


def job_id(dataset: str, version: str, target: str) -> str:
    """Return the name of the job that brings a version to a thing group."""
    digest = hashlib.sha256(f"{version}\0{target}".encode()).hexdigest()[:_DIGEST]
    return f"{job_prefix(dataset)}{digest}"


def send(
    iot: Any,
    release: Outgoing,
    groups: Mapping[str, str],
    jobs_role: str,
) -> tuple[EdgeDeployment, ...]:
    """Make a job for each thing group, by name and ARN, and return them.

    A job that an earlier attempt made stays. It goes on for things that join the group later, so
    that of the version before is cancelled.
    """
    made = []
    for target, arn in groups.items():
        name = job_id(release.dataset, release.version, target)
        document = job_document(
            dataset=release.dataset,
            version=release.version,
            url=link_to(release.artifact, arn),
            statement=release.statement,
            signature=release.signature,
        )
        try:
            iot.create_job(
                jobId=name,
                targets=[arn],
                document=document,
                description=f"Tagline: version {release.version} of dataset {release.dataset}",
                targetSelection="CONTINUOUS",
                presignedUrlConfig={"roleArn": jobs_role, "expiresInSec": _LINK_SECONDS},
                timeoutConfig={"inProgressTimeoutInMinutes": _PROGRESS_MINUTES},
            )
        except iot.exceptions.ResourceAlreadyExistsException:
            _check_same(iot, name, release)
        _cancel_others(iot, release.dataset, target, name)
        made.append(EdgeDeployment(target=target, id=name))
    return tuple(made)


def _check_same(iot: Any, name: str, release: Outgoing) -> None:
    """Raise NotReleased unless the job that is there brings the same archive."""
    found = iot.get_job_document(jobId=name)["document"]
    update = decode_record(found.encode(), EdgeUpdate, f"the document of job {name}")
    if update.statement != release.statement:
        raise NotReleased(
            f"job {name} is there already and brings another archive: `aws iot delete-job --job-id "
            f"{name} --force` removes it"
        )


def _cancel_others(iot: Any, dataset: str, group: str, name: str) -> None:
    pages = iot.get_paginator("list_jobs").paginate(thingGroupName=group, status="IN_PROGRESS")
    for page in pages:
        for job in page["jobs"]:
            other = job["jobId"]
            if other != name and other.startswith(job_prefix(dataset)):
                iot.cancel_job(jobId=other, force=True, comment=f"{name} takes its place")
