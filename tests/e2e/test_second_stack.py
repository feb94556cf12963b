"""A second stack in the same account, in a bucket and a network that were there before."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tagline.cli.deploy import deploy, sam_environment
from tagline.cli.errors import Refused
from tagline.cli.target import laptop_target
from tagline.formats.names import endpoint_name
from tests.e2e.pipeline import OnLaptop
from tests.issuer import AUDIENCE, Issuer, issuing

pytestmark = [pytest.mark.cloud, pytest.mark.slow, pytest.mark.laptop]
NETWORK = {
    "SubnetIds": "subnet-0a1b2c3d,subnet-4e5f6a7b",
    "SecurityGroupId": "sg-0a1b2c3d",
    "PackingPublicIp": "DISABLED",
}


def _deploy(pipeline: OnLaptop, build: Path, stack: str, parameters: dict[str, str]) -> None:
    cloud = pipeline.cloud
    environment = sam_environment(cloud.endpoint, cloud.state_dir / "sam-home", cloud.secret_key)
    log = cloud.state_dir / "second.log"
    deploy(build, stack, log, environment, parameters)


def _resources(pipeline: OnLaptop, stack: str) -> dict[str, str]:
    """Types of a stack's resources by logical name, nested stacks included."""
    client = pipeline.client("cloudformation")
    found, left = {}, [stack]
    while left:
        answer = client.describe_stack_resources(StackName=left.pop())
        for resource in answer["StackResources"]:
            found[resource["LogicalResourceId"]] = resource["ResourceType"]
            if resource["ResourceType"] == "AWS::CloudFormation::Stack":
                left.append(resource["PhysicalResourceId"])
    return found


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as made:
        yield made


def test_a_second_stack_takes_the_bucket_and_the_network_it_is_given(
    pipeline: OnLaptop, build_dir: Path, issuer: Issuer
) -> None:
    s3 = pipeline.s3
    s3.create_bucket(Bucket="brought")
    s3.put_bucket_versioning(Bucket="brought", VersioningConfiguration={"Status": "Enabled"})
    former = "tagline-dev-birds"
    _deploy(
        pipeline,
        build_dir,
        "tagline-dev",
        {"ExistingBucket": "brought", "FormerEndpoints": former, **NETWORK, **asks_for(issuer)},
    )
    target = laptop_target(pipeline.cloud.endpoint, "tagline-dev")
    assert target.outputs.bucket == "brought"
    made = _resources(pipeline, "tagline-dev")
    assert "DataBucket" not in made
    assert not [kind for kind in made.values() if kind.startswith("AWS::EC2::")]
    machine = target.states.describe_state_machine(stateMachineArn=target.outputs.state_machine)
    given = json.loads(machine["definition"])["States"]["PackDataset"]["Parameters"]
    assert given["NetworkConfiguration"]["AwsvpcConfiguration"] == {
        "Subnets": NETWORK["SubnetIds"].split(","),
        "SecurityGroups": [NETWORK["SecurityGroupId"]],
        "AssignPublicIp": "DISABLED",
    }
    assert _asked(f"{target.outputs.api_url}/datasets", issuer.token(scope="tagline/*"))[0] == 200
    # what the first stack grants ends where the second one's names begin
    assert not endpoint_name("tagline-dev", "x").startswith("tagline--")
    dashboards = pipeline.client("cloudwatch").list_dashboards()["DashboardEntries"]
    assert {entry["DashboardName"] for entry in dashboards} >= {"tagline", "tagline-dev"}


def asks_for(issuer: Issuer) -> dict[str, str]:
    tokens = {"JwtIssuer": issuer.url, "JwtAudience": AUDIENCE, "JwtClientId": "page"}
    return {"ApiAuth": "jwt", **tokens}


def _asked(url: str, token: str | None) -> tuple[int, str, str]:
    """Ask, and return the status, the media type, and the code of a problem."""
    request = urllib.request.Request(url)
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request) as reply:
            return reply.status, reply.headers.get_content_type(), ""
    except urllib.error.HTTPError as exc:
        return exc.code, exc.headers.get_content_type(), json.load(exc)["code"]


def test_its_api_answers_the_holders_of_good_tokens_alone(
    pipeline: OnLaptop, issuer: Issuer
) -> None:
    url = laptop_target(pipeline.cloud.endpoint, "tagline-dev").outputs.api_url
    problem = "application/problem+json"
    good = issuer.token(scope="openid tagline/birds")
    assert _asked(f"{url}/datasets/birds", good) == (404, problem, "unknown_dataset")
    assert _asked(f"{url}/datasets/zoo", good) == (403, problem, "wrong_scope")
    for bad in (
        None,
        issuer.token(scope="tagline/*", exp=int(time.time()) - 1),
        issuer.token(scope="tagline/*", aud="elsewhere"),
        f"{issuer.token(scope='tagline/*').rpartition('.')[0]}.AAAA",
    ):
        for path in ("datasets", "datasets/birds", "datasets/birds/runs"):
            assert _asked(f"{url}/{path}", bad) == (401, problem, "unauthorized"), path
    assert _asked(f"{url}/", None)[0] == _asked(f"{url}/openapi.json", None)[0] == 200
    with urllib.request.urlopen(f"{url}/sign-in") as reply:
        client = json.load(reply)["client"]
    assert (client["client_id"], client["token_endpoint"]) == ("page", f"{issuer.url}/token")


@pytest.mark.parametrize("stack", ["tagline--dev", "a-stack-of-22-letters"])
def test_a_stack_whose_names_would_reach_further_is_refused(
    pipeline: OnLaptop, build_dir: Path, stack: str
) -> None:
    with pytest.raises(Refused, match=r"sam deploy failed"):
        _deploy(pipeline, build_dir, stack, {"ExistingBucket": pipeline.bucket})
    events = pipeline.client("cloudformation").describe_stack_events(StackName=stack)
    told = [event.get("ResourceStatusReason", "") for event in events["StackEvents"]]
    assert [reason for reason in told if "StackName" in reason], told
