"""How a request to S3 is named, and what operations need."""

from typing import Any

import pytest

from local.access import s3_calls
from local.access.calls import Call
from local.access.naming import Names
from local.access.need import Need
from local.access.operations import NoEntry, Operations

AT = "us-east-1:000000000000"


class PaperNames(Names):
    """Names of a cloud that holds nothing but what a test says."""

    def __init__(self) -> None:
        pass

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{AT}:{resource}"

    def encryption_key(self, request: Any) -> str | None:
        return self.arn("kms", "key/k") if request["Key"].startswith("secret/") else None

    def topic_key(self, topic_arn: str) -> str | None:
        return self.arn("kms", "key/t") if topic_arn.endswith("secret") else None

    def task_definition(self, request: Any) -> str:
        return self.arn("ecs", f"task-definition/{request['taskDefinition']}:1")

    def task_roles(self, definition: str) -> list[str]:
        return ["task-role", "execution-role"]


def needs(service: str, operation: str, **request: Any) -> list[tuple[str, str]]:
    """Return action and resource of each need."""
    found = Operations(PaperNames()).needs(Call(service, operation, request))
    return [(need.action, need.resource) for need in found]


NAMED: list[tuple[str, str, dict[str, list[str]], dict[str, str], str | None]] = [
    ("GET", "/", {}, {}, "ListBuckets"),
    ("GET", "/b", {}, {}, "ListObjects"),
    ("GET", "/b", {"list-type": ["2"], "prefix": ["a/"]}, {}, "ListObjectsV2"),
    ("GET", "/b", {"versions": [""], "x-id": ["x"]}, {}, "ListObjectVersions"),
    ("HEAD", "/b", {}, {}, "HeadBucket"),
    ("HEAD", "/b/k/l", {}, {}, "HeadObject"),
    ("GET", "/b/k", {"versionId": ["v"], "X-Amz-Signature": ["s"]}, {}, "GetObject"),
    ("GET", "/b/k", {"acl": [""]}, {}, None),
    ("GET", "/b/k", {"torrent": [""]}, {}, None),
    ("GET", "/b/k", {"tagging": [""], "uploadId": ["u"]}, {}, None),
    ("PUT", "/b/k", {}, {}, "PutObject"),
    ("PUT", "/b/k", {}, {"x-amz-copy-source": "b/k"}, "CopyObject"),
    ("PUT", "/b/k", {"tagging": [""]}, {"x-amz-copy-source": "b/k"}, None),
    ("PUT", "/b/k", {"uploadId": ["u"], "partNumber": ["1"]}, {}, "UploadPart"),
    ("PUT", "/b/k", {"uploadId": ["u"]}, {"x-amz-copy-source": "b/k"}, "UploadPartCopy"),
    ("POST", "/b/k", {"uploads": [""]}, {}, "CreateMultipartUpload"),
    ("POST", "/b/k", {"uploadId": ["u"]}, {}, "CompleteMultipartUpload"),
    ("DELETE", "/b/k", {"uploadId": ["u"]}, {}, "AbortMultipartUpload"),
    ("DELETE", "/b", {}, {}, None),
    ("PATCH", "/b/k", {}, {}, None),
]


@pytest.mark.parametrize(("method", "path", "query", "headers", "operation"), NAMED)
def test_a_request_to_s3_is_named(
    method: str,
    path: str,
    query: dict[str, list[str]],
    headers: dict[str, str],
    operation: str | None,
) -> None:
    found = s3_calls.read(method, path, query, headers)
    assert (found[0] if found else None) == operation


def test_a_copys_source_is_decoded_with_its_version() -> None:
    source = {"x-amz-copy-source": "/from/a%20b/c%2Bd?versionId=v%2F1"}
    _, request = s3_calls.read("PUT", "/to/k", {}, source) or ("", {})
    assert request["CopySource"] == {"Bucket": "from", "Key": "a b/c+d", "versionId": "v/1"}
    assert needs("s3", "CopyObject", **request) == [
        ("s3:GetObjectVersion", "arn:aws:s3:::from/a b/c+d"),
        ("s3:PutObject", "arn:aws:s3:::to/k"),
    ]


def test_an_object_under_a_key_is_read_with_the_key() -> None:
    assert needs("s3", "GetObject", Bucket="b", Key="secret/a") == [
        ("s3:GetObject", "arn:aws:s3:::b/secret/a"),
        ("kms:Decrypt", f"arn:aws:kms:{AT}:key/k"),
    ]


def test_a_job_takes_its_tags_and_passes_its_role() -> None:
    request = {"TrainingJobName": "Job-1", "RoleArn": "role", "Tags": [{"Key": "a", "Value": "b"}]}
    found = Operations(PaperNames()).needs(Call("sagemaker", "CreateTrainingJob", request))
    tags = {"aws:requesttag/a": "b", "aws:tagkeys": ["a"]}
    job = f"arn:aws:sagemaker:{AT}:training-job/job-1"
    assert found == [
        Need("sagemaker:CreateTrainingJob", job, tags),
        Need("sagemaker:AddTags", job, tags),
        Need("iam:PassRole", "role", {"iam:passedtoservice": "sagemaker.amazonaws.com"}),
    ]


def test_a_tuning_job_passes_the_role_of_its_trials() -> None:
    request = {"HyperParameterTuningJobName": "t", "TrainingJobDefinition": {"RoleArn": "role"}}
    found = needs("sagemaker", "CreateHyperParameterTuningJob", **request)
    assert ("iam:PassRole", "role") in found


def test_an_endpoint_is_made_of_its_configuration() -> None:
    request = {"EndpointName": "e", "EndpointConfigName": "c"}
    for operation in ("CreateEndpoint", "UpdateEndpoint"):
        assert needs("sagemaker", operation, **request) == [
            (f"sagemaker:{operation}", f"arn:aws:sagemaker:{AT}:endpoint/e"),
            (f"sagemaker:{operation}", f"arn:aws:sagemaker:{AT}:endpoint-config/c"),
        ]


def test_a_task_passes_both_roles_of_its_definition() -> None:
    request = {"cluster": "c", "taskDefinition": "t"}
    assert needs("ecs", "RunTask", **request) == [
        ("ecs:RunTask", f"arn:aws:ecs:{AT}:task-definition/t:1"),
        ("iam:PassRole", "task-role"),
        ("iam:PassRole", "execution-role"),
    ]


def test_a_topic_under_a_key_is_published_to_with_the_key() -> None:
    topic = f"arn:aws:sns:{AT}:secret"
    assert needs("sns", "Publish", TopicArn=topic) == [
        ("sns:Publish", topic),
        ("kms:GenerateDataKey", f"arn:aws:kms:{AT}:key/t"),
        ("kms:Decrypt", f"arn:aws:kms:{AT}:key/t"),
    ]


def test_an_image_is_pulled_from_the_repository_that_its_uri_names() -> None:
    operations = Operations(PaperNames())
    host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
    repository = "arn:aws:ecr:eu-west-1:123456789012:repository/team/im2rec"
    for image in (f"{host}/team/im2rec:1", f"{host}/team/im2rec@sha256:00", f"{host}/team/im2rec"):
        found = {need.resource for need in operations.pull(image)}
        assert found == {"*", repository}
    assert operations.pull("docker.io/library/python:3.11") == []


def test_what_has_no_entry_is_not_known() -> None:
    with pytest.raises(NoEntry, match="dynamodb:Scan"):
        Operations(PaperNames()).needs(Call("dynamodb", "Scan", {}))
