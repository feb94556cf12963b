"""What Greengrass's operations need, as IAM's reference has them.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsiotgreengrassv2.html
"""

from local.access.naming import Names
from local.access.need import Need, Needs, Request
from local.greengrass.components import recipe_in
from local.greengrass.errors import GreengrassError
from tagline.edge.recipe_rules import WrongRecipe, artifacts, check_recipe

_ANYWHERE = ("ListComponents", "ListDeployments")
_BY_ARN = (
    *("DeleteComponent", "DescribeComponent", "GetComponent", "ListComponentVersions"),
    *("ListTagsForResource", "TagResource", "UntagResource"),
)


def table(names: Names) -> dict[str, Needs]:
    """Return the entries of the service."""

    def anywhere(action: str) -> Needs:
        return lambda _request: [Need(action, "*")]

    def by_arn(action: str) -> Needs:
        return lambda request: [Need(action, request.get("arn") or request["resourceArn"])]

    def deployment(action: str) -> Needs:
        return lambda request: [
            Need(action, names.arn("greengrass", f"deployments:{request['deploymentId']}"))
        ]

    def component(request: Request) -> list[Need]:
        """Return the component, and its artifacts, which are read by the caller's rights."""
        try:
            recipe = recipe_in(dict(request))
            check_recipe(recipe)
        except (GreengrassError, WrongRecipe):  # which the service refuses, and says why
            return []
        resource = names.arn("greengrass", f"components:{recipe['ComponentName']}")
        read = (
            Need("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
            for _, bucket, key in artifacts(recipe)
        )
        return [Need("greengrass:CreateComponentVersion", resource), *read]

    def deploy(request: Request) -> list[Need]:
        target = request["targetArn"]
        described = "DescribeThingGroup" if ":thinggroup/" in target else "DescribeThing"
        return [
            Need("greengrass:CreateDeployment", "*"),
            Need(f"iot:{described}", target),
            Need("iot:CreateJob", target),
            Need("iot:CreateJob", names.arn("iot", "job/any")),
        ]

    return {
        **{f"greengrass:{name}": anywhere(f"greengrass:{name}") for name in _ANYWHERE},
        **{f"greengrass:{name}": by_arn(f"greengrass:{name}") for name in _BY_ARN},
        **{
            f"greengrass:{name}": deployment(f"greengrass:{name}")
            for name in ("GetDeployment", "CancelDeployment")
        },
        "greengrass:CreateComponentVersion": component,
        "greengrass:CreateDeployment": deploy,
    }
