"""What IoT's operations need, as IAM's reference has them.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsiot.html
"""

from local.access.naming import Names
from local.access.need import Need, Needs, Request

# operations that AWS judges without a resource
_ANYWHERE = (
    "AttachThingPrincipal",
    "CreateKeysAndCertificate",
    "DescribeEndpoint",
    "DetachThingPrincipal",
    "ListJobs",
    "ListThingGroups",
    "ListThingPrincipals",
    "ListThings",
)
# by the kind of what they are about, and the parameter that names it
_ABOUT = {
    ("thing", "thingName"): ("CreateThing", "DeleteThing", "DescribeThing", "UpdateThing"),
    ("cert", "certificateId"): ("DeleteCertificate", "DescribeCertificate", "UpdateCertificate"),
    ("thinggroup", "thingGroupName"): (
        "CreateThingGroup",
        "DeleteThingGroup",
        "DescribeThingGroup",
        "ListThingsInThingGroup",
    ),
    ("policy", "policyName"): ("GetPolicy", "ListTargetsForPolicy"),
    ("job", "jobId"): ("CancelJob", "DeleteJob", "DescribeJob", "GetJobDocument"),
}
_SHADOW = ("DeleteThingShadow", "GetThingShadow", "UpdateThingShadow")
_JOBS = (
    "DescribeJobExecution",
    "GetPendingJobExecutions",
    "StartNextPendingJobExecution",
    "UpdateJobExecution",
)


def table(names: Names) -> dict[str, Needs]:
    """Return the entries of IoT's control plane, its data plane, and that of its jobs."""

    def about(action: str, kind: str, member: str) -> Needs:
        return lambda request: [Need(action, names.arn("iot", f"{kind}/{request[member]}"))]

    def anywhere(action: str) -> Needs:
        return lambda _request: [Need(action, "*")]

    def joined(action: str) -> Needs:
        def needs(request: Request) -> list[Need]:
            return [
                Need(action, names.arn("iot", f"thing/{request['thingName']}")),
                Need(action, names.arn("iot", f"thinggroup/{request['thingGroupName']}")),
            ]

        return needs

    def job(request: Request) -> list[Need]:
        role = (request.get("presignedUrlConfig") or {}).get("roleArn")
        passed = {"iam:passedtoservice": "iot.amazonaws.com"}
        own = names.arn("iot", f"job/{request['jobId']}")
        return [
            *(Need("iot:CreateJob", resource) for resource in (own, *request["targets"])),
            *([Need("iam:PassRole", role, passed)] if role else []),
        ]

    def by_target(action: str) -> Needs:
        return lambda request: [Need(action, request["target"])]

    return {
        **{f"iot:{operation}": anywhere(f"iot:{operation}") for operation in _ANYWHERE},
        **{
            f"iot:{operation}": about(f"iot:{operation}", kind, member)
            for (kind, member), operations in _ABOUT.items()
            for operation in operations
        },
        **{
            f"iot:{operation}": joined(f"iot:{operation}")
            for operation in ("AddThingToThingGroup", "RemoveThingFromThingGroup")
        },
        **{
            f"iot:{operation}": by_target(f"iot:{operation}")
            for operation in ("AttachPolicy", "DetachPolicy")
        },
        "iot:CreateJob": job,
        "iot-data:Publish": about("iot:Publish", "topic", "topic"),
        **{
            f"iot-data:{operation}": about(f"iot:{operation}", "thing", "thingName")
            for operation in _SHADOW
        },
        **{
            f"iot-jobs-data:{operation}": about(f"iotjobsdata:{operation}", "thing", "thingName")
            for operation in _JOBS
        },
    }
