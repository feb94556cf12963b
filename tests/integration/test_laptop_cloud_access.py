"""Who may call what on the laptop cloud: as IAM decides, with AWS's own refusals."""

import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.integration.conftest import Stack, task
from tests.integration.roles import ACCOUNT, RoleClients, document, statement
from tests.laptop import LaptopCloud

HERE = f"us-east-1:{ACCOUNT}"


@dataclass(frozen=True)
class Refused:
    """How a call was refused."""

    code: str
    status: int
    message: str


def refused(call: Callable[..., Any], **request: Any) -> Refused | None:
    """Make a call; return how it was refused, or None for one that was not."""
    try:
        call(**request)
    except ClientError as exc:
        status = exc.response["ResponseMetadata"]["HTTPStatusCode"]
        return Refused(exc.response["Error"]["Code"], status, exc.response["Error"]["Message"])
    return None


@pytest.fixture(scope="module")
def bucket(laptop_cloud: LaptopCloud) -> str:
    """A bucket with versions and an object in each of two folders."""
    name = f"access-{uuid.uuid4().hex[:8]}"
    s3 = laptop_cloud.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for key in ("open/a", "open/b", "closed/a"):
        s3.put_object(Bucket=name, Key=key, Body=key.encode())
    return name


def test_a_changed_policy_counts_from_its_answer_on(laptop_cloud: LaptopCloud, bucket: str) -> None:
    iam = laptop_cloud.client("iam")
    name = f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    user: Any = boto3.client(
        "s3",
        endpoint_url=laptop_cloud.endpoint,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    allowed = document(statement("s3:GetObject", f"arn:aws:s3:::{bucket}/*"))
    for _ in range(2):
        assert refused(user.get_object, Bucket=bucket, Key="open/a") is not None
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=allowed)
        assert refused(user.get_object, Bucket=bucket, Key="open/a") is None
        iam.delete_user_policy(UserName=name, PolicyName="own")


def test_an_object_is_read_where_a_statement_says_so(
    laptop_cloud: LaptopCloud, bucket: str
) -> None:
    role = RoleClients(laptop_cloud, statement("s3:GetObject", f"arn:aws:s3:::{bucket}/open/*"))
    s3 = role.client("s3")
    assert s3.get_object(Bucket=bucket, Key="open/a")["Body"].read() == b"open/a"
    assert refused(s3.get_object, Bucket=bucket, Key="closed/a") == Refused(
        "AccessDenied",
        403,
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{role.name}/test is not authorized to "
        f'perform: s3:GetObject on resource: "arn:aws:s3:::{bucket}/closed/a" because no '
        "identity-based policy allows the s3:GetObject action",
    )
    told = refused(s3.head_object, Bucket=bucket, Key="closed/a")
    assert told is not None
    assert told.status == 403


def test_who_may_not_list_is_not_told_what_is_missing(
    laptop_cloud: LaptopCloud, bucket: str
) -> None:
    read = statement("s3:GetObject", f"arn:aws:s3:::{bucket}/*")
    blind = RoleClients(laptop_cloud, read).client("s3")
    seeing = RoleClients(
        laptop_cloud, read, statement("s3:ListBucket", f"arn:aws:s3:::{bucket}")
    ).client("s3")
    for method in ("get_object", "head_object"):
        hidden = refused(getattr(blind, method), Bucket=bucket, Key="open/none")
        told = refused(getattr(seeing, method), Bucket=bucket, Key="open/none")
        assert hidden is not None
        assert told is not None
        assert (hidden.status, told.status) == (403, 404)


DECISIONS: list[tuple[str, list[dict[str, Any]], bool]] = [
    ("an action's wildcards", [statement("s3:Get?bject", "*")], True),
    ("any letter case", [statement("S3:getobject", "*")], True),
    ("a resource's letter case", [statement("s3:GetObject", "arn:aws:s3:::*/OPEN/a")], False),
    ("one character", [statement("s3:GetObject", "arn:aws:s3:::*/open/?")], True),
    (
        "an explicit Deny",
        [statement("s3:*", "*"), statement("s3:Get*", "*/open/*", Effect="Deny")],
        False,
    ),
    (
        "what is not named",
        [{"Effect": "Allow", "NotAction": "s3:Put*", "Resource": "*"}],
        True,
    ),
    (
        "what is named",
        [{"Effect": "Allow", "NotAction": "s3:Get*", "Resource": "*"}],
        False,
    ),
    (
        "another resource",
        [{"Effect": "Allow", "Action": "s3:*", "NotResource": "*/open/*"}],
        False,
    ),
    (
        "a condition that holds",
        [
            statement(
                "s3:GetObject",
                "*",
                Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/role-*"}},
            )
        ],
        True,
    ),
    (
        "a condition that does not",
        [statement("s3:GetObject", "*", Condition={"Bool": {"aws:SecureTransport": "false"}})],
        False,
    ),
]


@pytest.mark.parametrize(
    ("what", "statements", "allowed"), DECISIONS, ids=[d[0] for d in DECISIONS]
)
def test_statements_decide(
    laptop_cloud: LaptopCloud,
    bucket: str,
    what: str,
    statements: list[dict[str, Any]],
    allowed: bool,
) -> None:
    s3 = RoleClients(laptop_cloud, *statements).client("s3")
    assert (refused(s3.get_object, Bucket=bucket, Key="open/a") is None) == allowed, what


def test_a_listing_is_judged_by_its_prefix(laptop_cloud: LaptopCloud, bucket: str) -> None:
    by_prefix = {"StringLike": {"s3:prefix": "open/*"}}
    s3 = RoleClients(
        laptop_cloud,
        statement("s3:ListBucket", f"arn:aws:s3:::{bucket}", Condition=by_prefix),
        statement("s3:ListBucketVersions", f"arn:aws:s3:::{bucket}", Condition=by_prefix),
    ).client("s3")
    for listing in (s3.list_objects_v2, s3.list_object_versions):
        assert refused(listing, Bucket=bucket, Prefix="open/") is None
        assert refused(listing, Bucket=bucket, Prefix="closed/") is not None
        assert refused(listing, Bucket=bucket) is not None


def test_tags_versions_and_copies_are_actions_of_their_own(
    laptop_cloud: LaptopCloud, bucket: str
) -> None:
    at = f"arn:aws:s3:::{bucket}/mine/*"
    s3 = RoleClients(
        laptop_cloud,
        statement(["s3:PutObject", "s3:AbortMultipartUpload"], at),
        statement("s3:GetObject", f"arn:aws:s3:::{bucket}/open/a"),
    ).client("s3")
    assert refused(s3.put_object, Bucket=bucket, Key="mine/a", Body=b"1") is None
    told = refused(s3.put_object, Bucket=bucket, Key="mine/a", Body=b"1", Tagging="a=b")
    assert told is not None
    assert "s3:PutObjectTagging" in told.message
    known = laptop_cloud.client("s3").head_object(Bucket=bucket, Key="open/a")["VersionId"]
    told = refused(s3.get_object, Bucket=bucket, Key="open/a", VersionId=known)
    assert told is not None
    assert "s3:GetObjectVersion" in told.message
    upload = s3.create_multipart_upload(Bucket=bucket, Key="mine/b")["UploadId"]
    part = {"Bucket": bucket, "Key": "mine/b", "UploadId": upload, "PartNumber": 1}
    open_, closed = ({"Bucket": bucket, "Key": key} for key in ("open/a", "closed/a"))
    assert refused(s3.upload_part_copy, CopySource=open_, **part) is None
    told = refused(s3.upload_part_copy, CopySource=closed, **part)
    assert told is not None
    assert f"{bucket}/closed/a" in told.message
    elsewhere = {"Bucket": bucket, "Key": "open/c"}
    told = refused(s3.copy_object, CopySource=open_, **elsewhere)
    assert told is not None
    assert f"{bucket}/open/c" in told.message
    assert refused(s3.abort_multipart_upload, Bucket=bucket, Key="mine/b", UploadId=upload) is None
    assert refused(s3.get_object_acl, Bucket=bucket, Key="open/a") is not None


def test_a_session_policy_narrows_its_role(laptop_cloud: LaptopCloud, bucket: str) -> None:
    narrow = document(statement("s3:GetObject", f"arn:aws:s3:::{bucket}/open/*"))
    role = RoleClients(
        laptop_cloud, statement("s3:GetObject", f"arn:aws:s3:::{bucket}/*"), session_policy=narrow
    )
    s3 = role.client("s3")
    assert refused(s3.get_object, Bucket=bucket, Key="open/a") is None
    assert refused(s3.get_object, Bucket=bucket, Key="closed/a") is not None


REFUSALS: list[tuple[str, str, dict[str, Any], str, int]] = [
    ("sagemaker", "describe_endpoint", {"EndpointName": "e"}, "AccessDeniedException", 400),
    ("sagemaker-runtime", "invoke_endpoint", {"EndpointName": "e", "Body": b""}, "Access", 403),
    (
        "stepfunctions",
        "start_execution",
        {"stateMachineArn": f"arn:aws:states:{HERE}:stateMachine:m"},
        "AccessDeniedException",
        400,
    ),
    (
        "sns",
        "publish",
        {"TopicArn": f"arn:aws:sns:{HERE}:t", "Message": "m"},
        "AuthorizationError",
        403,
    ),
    ("ecs", "describe_tasks", {"cluster": "c", "tasks": ["t"]}, "AccessDeniedException", 400),
    (
        "logs",
        "create_log_stream",
        {"logGroupName": "g", "logStreamName": "s"},
        "AccessDeniedException",
        400,
    ),
    ("lambda", "invoke", {"FunctionName": "f"}, "AccessDeniedException", 403),
    ("iam", "list_roles", {}, "AccessDenied", 403),
    ("dynamodb", "list_tables", {}, "AccessDeniedException", 400),
    ("cloudformation", "describe_stacks", {}, "AccessDenied", 403),
]


@pytest.mark.parametrize(("service", "method", "request_", "code", "status"), REFUSALS)
def test_each_service_refuses_in_its_own_words(
    laptop_cloud: LaptopCloud,
    service: str,
    method: str,
    request_: dict[str, Any],
    code: str,
    status: int,
) -> None:
    client = RoleClients(laptop_cloud).client(service)
    told = refused(getattr(client, method), **request_)
    assert told is not None
    assert told.code.startswith(code)
    assert told.status == status


def test_an_operation_without_an_entry_is_refused_to_the_mightiest_role(
    laptop_cloud: LaptopCloud,
) -> None:
    mighty = RoleClients(laptop_cloud, statement("*", "*"))
    told = refused(mighty.client("dynamodb").list_tables)
    assert told is not None
    assert "local/access/operations.py" in told.message


def test_a_role_is_passed_to_the_service_that_a_condition_names(
    laptop_cloud: LaptopCloud,
) -> None:
    passed = laptop_cloud.powerful_role("to-be-passed")
    request = {
        "ModelName": "passing",
        "ExecutionRoleArn": passed,
        "PrimaryContainer": {"Image": "nobody/has-this:1"},
    }
    create = statement("sagemaker:CreateModel", f"arn:aws:sagemaker:{HERE}:model/passing")

    def tell(*statements: dict[str, Any]) -> str:
        client = RoleClients(laptop_cloud, create, *statements).client("sagemaker")
        told = refused(client.create_model, **request)
        assert told is not None
        return told.message

    def pass_to(service: str) -> dict[str, Any]:
        condition = {"StringEquals": {"iam:PassedToService": service}}
        return statement("iam:PassRole", passed, Condition=condition)

    assert "iam:PassRole" in tell()
    assert "iam:PassRole" in tell(pass_to("ecs-tasks.amazonaws.com"))
    assert "nobody/has-this" in tell(pass_to("sagemaker.amazonaws.com"))  # past IAM


@pytest.mark.parametrize("key", ["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"])
def test_an_unknown_key_is_nobody(laptop_cloud: LaptopCloud, key: str) -> None:
    s3: Any = boto3.client(
        "s3",
        endpoint_url=laptop_cloud.endpoint,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key="x",
    )
    told = refused(s3.list_buckets)
    assert told is not None
    assert (told.code, told.status) == ("InvalidAccessKeyId", 403)


def test_a_request_without_a_signature_is_refused(laptop_cloud: LaptopCloud, bucket: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"{laptop_cloud.endpoint}/{bucket}/open/a", timeout=30)
    assert error.value.code == 403


def test_a_function_is_its_own_role(stack: Stack) -> None:
    answer = stack.client("lambda").invoke(FunctionName=stack["Echo"], Payload=b"{}")
    seen = json.loads(answer["Payload"].read())["environment"]
    keys: Any = boto3.client(
        "sts",
        endpoint_url=stack.cloud.endpoint,
        region_name="us-east-1",
        aws_access_key_id=seen["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=seen["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=seen["AWS_SESSION_TOKEN"],
    )
    name = stack["Echo"].rpartition(":")[2]
    role = stack.client("lambda").get_function(FunctionName=name)["Configuration"]["Role"]
    arn = keys.get_caller_identity()["Arn"]
    assert arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.rpartition('/')[2]}/{name}"


def test_a_state_machine_is_its_own_role(stack: Stack) -> None:
    role = RoleClients(stack.cloud, statement("lambda:InvokeFunction", f"{stack['Echo']}-not"))
    sfn = stack.client("stepfunctions")
    state = task("lambda:invoke", {"FunctionName": stack["Echo"], "Payload": {}})
    machine = sfn.create_state_machine(
        name=f"m{uuid.uuid4().hex[:8]}",
        definition=json.dumps({"StartAt": "Call", "States": {"Call": state}}),
        roleArn=role.arn,
    )["stateMachineArn"]
    ended = stack.result(sfn.start_execution(stateMachineArn=machine)["executionArn"])
    assert ended["error"] == "Lambda.AWSLambdaException"
    assert f"assumed-role/{role.name}/" in ended["cause"]
    assert "lambda:InvokeFunction" in ended["cause"]


def test_decisions_are_kept_with_the_statement_that_made_them(
    laptop_cloud: LaptopCloud, bucket: str
) -> None:
    role = RoleClients(laptop_cloud, statement("s3:GetObject", f"arn:aws:s3:::{bucket}/open/*"))
    s3 = role.client("s3")
    for key in ("open/a", "open/a", "closed/a"):
        refused(s3.get_object, Bucket=bucket, Key=key)
    lines = (laptop_cloud.state_dir / "access.jsonl").read_text().splitlines()
    kept = [line for line in map(json.loads, lines) if f"/{role.name}/" in line["principal"]]
    assert [(line["resource"][-8:], line["decision"], line["by"]) for line in kept] == [
        (f"{bucket}/open/a"[-8:], "Allow", "own#0"),
        ("closed/a", "ImplicitDeny", ""),
    ]
