"""Greengrass on the laptop: what it keeps, what it refuses as AWS does, the IoT jobs it makes."""

import base64
import hashlib
import json
import urllib.request
import uuid
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
import yaml
from botocore.config import Config
from botocore.exceptions import ClientError

from tagline.edge import recipe
from tagline.formats.document import decode_record
from tagline.formats.edge import EdgeUpdate, Statement, read_statement, statement_text
from tests.laptop import LaptopCloud, eventually

pytestmark = pytest.mark.cloud
ZIP = b"an archive"
VERSIONS = ("1.261127.1", "1.261127.2")
POLICIES = {"failureHandlingPolicy": "ROLLBACK"}


@dataclass
class Edge:
    """A dataset of its own, its archives, a thing in a group."""

    cloud: LaptopCloud
    dataset: str
    bucket: str
    thing: str
    group: str
    target: str

    @property
    def greengrass(self) -> Any:
        return self.cloud.client("greengrassv2")

    def recipe(self, version: str, signature: str = "c2ln") -> dict[str, Any]:
        key = f"{self.dataset}/edge/{version}/model.zip"
        told = Statement(
            bytes=len(ZIP),
            dataset=self.dataset,
            sha256=hashlib.sha256(ZIP).hexdigest(),
            version=version,
        )
        return recipe(
            dataset=self.dataset,
            version=version,
            artifact=f"s3://{self.bucket}/{key}",
            statement=statement_text(told),
            signature=signature,
        )

    def create(self, made: dict[str, Any], **more: Any) -> dict[str, Any]:
        recipe = json.dumps(made).encode()
        answer: dict[str, Any] = self.greengrass.create_component_version(
            inlineRecipe=recipe, **more
        )
        return answer

    def deploy(self, version: str, **more: Any) -> dict[str, Any]:
        component = {f"com.tagline.{self.dataset}": {"componentVersion": version}}
        answer: dict[str, Any] = self.greengrass.create_deployment(
            targetArn=self.target, components=component, deploymentPolicies=POLICIES, **more
        )
        return answer

    def pending(self) -> list[str]:
        jobs = self.cloud.client("iot-jobs-data")
        found = jobs.get_pending_job_executions(thingName=self.thing)
        return [job["jobId"] for job in found["queuedJobs"] + found["inProgressJobs"]]


@pytest.fixture
def edge(laptop_cloud: LaptopCloud) -> Edge:
    """Make a bucket with two archives, and a thing in a group."""
    name = f"e{uuid.uuid4().hex[:8]}"
    s3, iot = laptop_cloud.client("s3"), laptop_cloud.client("iot")
    s3.create_bucket(Bucket=f"{name}-data")
    for version in VERSIONS:
        s3.put_object(Bucket=f"{name}-data", Key=f"{name}/edge/{version}/model.zip", Body=ZIP)
    iot.create_thing(thingName=name)
    target = iot.create_thing_group(thingGroupName=f"{name}s")["thingGroupArn"]
    iot.add_thing_to_thing_group(thingGroupName=f"{name}s", thingName=name)
    return Edge(laptop_cloud, name, f"{name}-data", name, f"{name}s", target)


def code(exc: ClientError) -> tuple[str, int]:
    return exc.response["Error"]["Code"], exc.response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_component_is_kept_with_its_artifacts_digest(edge: Edge) -> None:
    made = edge.recipe(VERSIONS[0])
    answer = edge.create(made, tags={"a": "b"})
    arn = answer["arn"]
    assert arn.endswith(f":components:com.tagline.{edge.dataset}:versions:{VERSIONS[0]}")
    edge.greengrass.create_component_version(
        inlineRecipe=yaml.safe_dump(edge.recipe(VERSIONS[1])).encode()
    )
    kept = json.loads(edge.greengrass.get_component(arn=arn, recipeOutputFormat="JSON")["recipe"])
    (artifact,) = kept["Manifests"][0]["Artifacts"]
    assert base64.b64decode(artifact.pop("Digest")) == hashlib.sha256(ZIP).digest()
    assert artifact.pop("Algorithm") == "SHA-256"
    assert kept == made
    told = edge.greengrass.describe_component(arn=arn)
    assert (told["status"]["componentState"], told["tags"]) == ("DEPLOYABLE", {"a": "b"})
    listed = edge.greengrass.list_components()["components"]
    mine = next(each for each in listed if each["componentName"].endswith(edge.dataset))
    assert mine["latestVersion"]["componentVersion"] == VERSIONS[1]
    versions = edge.greengrass.list_component_versions(arn=mine["arn"])["componentVersions"]
    assert [each["componentVersion"] for each in versions] == [*reversed(VERSIONS)]
    edge.greengrass.tag_resource(resourceArn=arn, tags={"c": "d"})
    edge.greengrass.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert edge.greengrass.list_tags_for_resource(resourceArn=arn)["tags"] == {"c": "d"}
    edge.greengrass.delete_component(arn=arn)
    with pytest.raises(ClientError) as gone:
        edge.greengrass.get_component(arn=arn)
    assert code(gone.value) == ("ResourceNotFoundException", 404)


def test_the_same_version_twice_is_a_conflict_unless_it_is_the_same_request(edge: Edge) -> None:
    made = edge.recipe(VERSIONS[0])
    first = edge.create(made, clientToken="t" * 32)
    assert edge.create(made, clientToken="t" * 32)["arn"] == first["arn"]
    for token, other in (("u" * 32, made), ("t" * 32, edge.recipe(VERSIONS[0], "b3RoZXI="))):
        with pytest.raises(ClientError) as refused:
            edge.create(other, clientToken=token)
        assert code(refused.value) == ("ConflictException", 409)


def test_a_bad_recipe_is_refused_with_place_and_reason(edge: Edge) -> None:
    misspelt = edge.recipe(VERSIONS[0])
    lifecycle = misspelt["Manifests"][0]["Lifecycle"]
    lifecycle["Instal"] = lifecycle.pop("Install")
    missing = edge.recipe("1.261127.3")
    for made, said in (
        (misspelt, "Manifests[0].Lifecycle.Instal: there is no such key; Install is meant?"),
        (missing, f"{edge.dataset}/edge/1.261127.3/model.zip cannot be accessed"),
    ):
        with pytest.raises(ClientError, match=r"ValidationException") as refused:
            edge.create(made)
        assert said in str(refused.value)
        assert code(refused.value) == ("ValidationException", 400)


def test_a_deployment_reaches_the_device_and_the_next_takes_its_place(edge: Edge) -> None:
    for version in VERSIONS:
        edge.create(edge.recipe(version))
    first = edge.deploy(VERSIONS[0], clientToken="d" * 32)
    assert (
        edge.deploy(VERSIONS[0], clientToken="d" * 32)
        == first | {"ResponseMetadata": first["ResponseMetadata"]}
        or edge.deploy(VERSIONS[0], clientToken="d" * 32)["deploymentId"] == first["deploymentId"]
    )
    assert edge.pending() == [first["iotJobId"]]
    second = edge.deploy(VERSIONS[1])
    eventually(lambda: edge.pending() == [second["iotJobId"]])
    jobs = edge.cloud.client("iot-jobs-data")
    told = jobs.describe_job_execution(thingName=edge.thing, jobId="$next")["execution"]
    update = decode_record(told["jobDocument"].encode(), EdgeUpdate, "the document")
    assert (update.operation, update.version, update.signature) == (
        "tagline-update",
        VERSIONS[1],
        "c2ln",
    )
    assert read_statement(update.statement, "it").bytes == len(ZIP)
    with urllib.request.urlopen(update.url) as archive:
        assert archive.read() == ZIP
    latest = edge.greengrass.list_deployments(targetArn=edge.target)["deployments"]
    assert [(each["deploymentId"], each["revisionId"]) for each in latest] == [
        (second["deploymentId"], "2")
    ]
    every = edge.greengrass.list_deployments(targetArn=edge.target, historyFilter="ALL")
    assert [each["deploymentStatus"] for each in every["deployments"]] == ["ACTIVE", "INACTIVE"]
    found = edge.greengrass.get_deployment(deploymentId=second["deploymentId"])
    assert found["deploymentPolicies"] == POLICIES
    edge.greengrass.cancel_deployment(deploymentId=second["deploymentId"])
    found = edge.greengrass.get_deployment(deploymentId=second["deploymentId"])
    assert (found["deploymentStatus"], edge.pending()) == ("CANCELED", [])


def test_what_is_not_there_is_refused(edge: Edge) -> None:
    edge.create(edge.recipe(VERSIONS[0]))
    group = edge.target
    for target, version, status, said in (
        (f"{group}-unknown", VERSIONS[0], "ResourceNotFoundException", "-unknown does not exist"),
        (group, "9.9.9", "ResourceNotFoundException", "version 9.9.9 does not exist"),
        ("arn:aws:s3:::x", VERSIONS[0], "ValidationException", "of a thing or a thing group"),
    ):
        edge.target = target
        with pytest.raises(ClientError, match=said) as refused:
            edge.deploy(version)
        assert code(refused.value)[0] == status
    with pytest.raises(ClientError, match="does not support this operation") as refused:
        edge.greengrass.list_core_devices()
    assert "ListCoreDevices" in str(refused.value)


def test_a_policy_that_aws_does_not_have_is_refused(edge: Edge) -> None:
    edge.create(edge.recipe(VERSIONS[0]))
    update: dict[str, Any] = {"action": "TELL_COMPONENTS", "timeoutInSeconds": 30}
    policies: dict[str, Any] = {"failureHandlingPolicy": "EXPLODE"}
    for given, said in (
        (policies, ["'EXPLODE' at 'deploymentPolicies.failureHandlingPolicy'", "DO_NOTHING]"]),
        (
            {"componentUpdatePolicy": update},
            ["'deploymentPolicies.componentUpdatePolicy.action'", "SKIP_NOTIFY_COMPONENTS]"],
        ),
        (policies | {"componentUpdatePolicy": update}, ["2 validation errors"]),
    ):
        with pytest.raises(ClientError) as refused:
            edge.greengrass.create_deployment(targetArn=edge.target, deploymentPolicies=given)
        assert code(refused.value) == ("ValidationException", 400)
        assert all(part in str(refused.value) for part in said)
    with pytest.raises(ClientError, match="at 'historyFilter'"):
        edge.greengrass.list_deployments(historyFilter="SOME")
    assert edge.pending() == []
    edge.greengrass.create_deployment(
        targetArn=edge.target,
        deploymentPolicies={
            "failureHandlingPolicy": "DO_NOTHING",
            "componentUpdatePolicy": update | {"action": "SKIP_NOTIFY_COMPONENTS"},
        },
    )


def test_a_timeout_that_is_no_number_is_refused(edge: Edge) -> None:
    loose: Any = boto3.client(
        "greengrassv2",
        endpoint_url=edge.cloud.endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(parameter_validation=False),
    )
    for place in ("componentUpdatePolicy", "configurationValidationPolicy"):
        with pytest.raises(ClientError, match=rf"{place}\.timeoutInSeconds") as refused:
            loose.create_deployment(
                targetArn=edge.target, deploymentPolicies={place: {"timeoutInSeconds": "soon"}}
            )
        assert code(refused.value) == ("ValidationException", 400)


def test_a_role_makes_only_what_its_policies_allow(edge: Edge) -> None:
    iam, sts = edge.cloud.client("iam"), edge.cloud.client("sts")
    trust = {"Effect": "Allow", "Principal": {"Service": "*"}, "Action": "sts:AssumeRole"}
    allowed = {
        "Effect": "Allow",
        "Action": "greengrass:CreateComponentVersion",
        "Resource": "arn:aws:greengrass:us-east-1:000000000000:components:com.tagline.*",
    }

    def document(statement: dict[str, Any]) -> str:
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    role = iam.create_role(RoleName=edge.dataset, AssumeRolePolicyDocument=document(trust))
    iam.put_role_policy(RoleName=edge.dataset, PolicyName="p", PolicyDocument=document(allowed))
    given = sts.assume_role(RoleArn=role["Role"]["Arn"], RoleSessionName="someone")["Credentials"]
    client = boto3.client(
        "greengrassv2",
        endpoint_url=edge.cloud.endpoint,
        region_name="us-east-1",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    made = json.dumps(edge.recipe(VERSIONS[0])).encode()
    with pytest.raises(ClientError, match="s3:GetObject") as refused:
        client.create_component_version(inlineRecipe=made)
    assert code(refused.value)[0] == "AccessDeniedException"
    with pytest.raises(ClientError, match="greengrass:ListComponents"):
        client.list_components()
