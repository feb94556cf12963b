"""The rules of preflight: what would fail, and the command that mends it."""

from dataclasses import replace
from typing import Any

import pytest

from tagline.cli.readiness import Check, Facts, Image, NotNeeded, Quota, Unknown, checks

ACCOUNT = "123456789012"
OCI = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
PARAMETERS = {
    "FetchConcurrency": "4",
    "PackConcurrency": "1",
    "TrainingInstanceType": "ml.c5.4xlarge",
    "EvaluationInstanceType": "ml.m5.xlarge",
    "EndpointInstanceType": "ml.c5.large",
    "EndpointInstanceCount": "1",
}


def quotas(**values: float) -> dict[str, Quota]:
    named = {
        "training": "ml.c5.4xlarge for training job usage",
        "processing": "ml.m5.xlarge for processing job usage",
        "endpoint": "ml.c5.large for endpoint usage",
    }
    return {
        named[kind]: Quota(named[kind], f"L-{kind}", value)
        for kind, value in ({"training": 1, "processing": 1, "endpoint": 2} | values).items()
    }


def image(**changes: Any) -> dict[str, Image | Unknown | NotNeeded]:
    known = {"uri": "x/tagline/trainer:latest", "media_type": OCI, "platform": "linux/amd64"}
    return {"trainer": Image(**{**known, **changes})}


READY = Facts(
    stack="tagline",
    account=ACCOUNT,
    region="eu-central-1",
    regions=frozenset({"eu-central-1"}),
    parameters=PARAMETERS,
    stack_status=None,
    bucket="free",
    sagemaker=True,
    vpcs=(1, Quota("VPCs per Region", "L-F678F1CE", 5)),
    fargate=Quota("Fargate On-Demand vCPU resource count", "L-3032A538", 6),
    lambdas=10,
    quotas=quotas(),
    images=image(),
)


def judged(**changes: Any) -> list[Check]:
    return [check for check in checks(replace(READY, **changes)) if check.verdict != "ok"]


def test_a_new_account_with_the_defaults_that_fit_it_is_ready() -> None:
    assert judged() == []


@pytest.mark.parametrize(
    ("changes", "what", "told", "mend"),
    [
        ({"region": "xx-1"}, "region", "SageMaker is not in xx-1", "AWS_DEFAULT_REGION"),
        ({"stack": "Tagline"}, "stack", "small letters", "--stack-name"),
        ({"stack_status": "ROLLBACK_COMPLETE"}, "stack", "takes no update", "delete-stack"),
        ({"stack_status": "UPDATE_IN_PROGRESS"}, "stack", "wait", "describe-stacks"),
        ({"bucket": "own"}, "data bucket", "of an earlier stack",
         f"sam deploy --parameter-overrides ExistingBucket=tagline-data-{ACCOUNT}-eu-central-1"),
        ({"bucket": "free", "parameters": {**PARAMETERS, "ExistingBucket": "brought"}},
         "data bucket", "is not there", "aws s3 mb s3://brought"),
        ({"bucket": "theirs", "parameters": {**PARAMETERS, "ExistingBucket": "brought"}},
         "data bucket", "is closed to you", "ExistingBucket=<another>"),
        ({"stack": "labels--dev"}, "stack", "single '-'", "--stack-name"),
        ({"bucket": "theirs"}, "data bucket", "somebody else", "--stack-name"),
        ({"stack": "a" * 21}, "stack", "at most 20", "--stack-name"),
        ({"sagemaker": False}, "access to SageMaker", "denied", "get-caller-identity"),
        ({"vpcs": (5, Quota("VPCs", "L-F678F1CE", 5))}, "VPCs", "5 of 5",
         "--service-code vpc --quota-code L-F678F1CE --desired-value 6"),
        ({"fargate": Quota("f", "L-3032A538", 2)}, "Fargate vCPUs", "a packing task has 4",
         "--service-code fargate --quota-code L-3032A538 --desired-value 4"),
        ({"parameters": PARAMETERS | {"FetchConcurrency": "40"}}, "Lambda concurrency",
         "leaves nothing of 10", "FetchConcurrency=5"),
        ({"quotas": quotas(training=0)}, "ml.c5.4xlarge for training job usage", "0 of 1 needed",
         "--service-code sagemaker --quota-code L-training --desired-value 1"),
        ({"quotas": quotas(processing=0)}, "ml.m5.xlarge for processing job usage", "0 of 1",
         "--quota-code L-processing"),
        ({"quotas": quotas(endpoint=1)}, "ml.c5.large for endpoint usage", "old and new",
         "--quota-code L-endpoint --desired-value 2"),
        ({"images": image(media_type=None)}, "image of trainer", "is not there", "images push"),
        ({"images": image(media_type=INDEX)}, "image of trainer", "SageMaker does not take",
         "images push"),
        ({"images": image(platform="linux/arm64")}, "image of trainer", "linux/arm64",
         "images push"),
    ],
)  # fmt: skip
def test_what_would_fail_is_told_with_its_mend(
    changes: dict[str, Any], what: str, told: str, mend: str
) -> None:
    (found,) = judged(**changes)
    assert (found.what, found.verdict) == (what, "will fail")
    assert told in found.told
    assert mend in found.mend


def test_fargate_runs_an_index_and_fewer_tasks_only_wait() -> None:
    assert judged(images={"im2rec": Image("x/im2rec", INDEX, "linux/amd64")}) == []
    (found,) = [
        check
        for check in checks(replace(READY, parameters=PARAMETERS | {"PackConcurrency": "8"}))
        if check.what == "Fargate vCPUs"
    ]
    assert found.verdict == "ok"
    assert "1 packing tasks at once of PackConcurrency 8; the others wait" in found.told


@pytest.mark.parametrize(
    ("field", "whats"),
    [
        ("sagemaker", 1),
        ("vpcs", 1),
        ("fargate", 1),
        ("lambdas", 1),
        ("quotas", 3),
        ("stack_status", 1),
        ("bucket", 1),
        ("account", 2),  # whose number the bucket's name holds
    ],
)
def test_what_could_not_be_read_is_unknown_and_no_guess(field: str, whats: int) -> None:
    found = judged(**{field: Unknown("not authorized")})
    assert [check.verdict for check in found] == ["unknown"] * whats


def test_a_platform_or_a_quota_that_nobody_names_is_unknown() -> None:
    assert [c.verdict for c in judged(images=image(platform=None), quotas={})] == ["unknown"] * 4


def test_a_stack_that_is_there_keeps_its_bucket_and_its_vpc() -> None:
    full = (5, Quota("VPCs", "L-F678F1CE", 5))
    assert judged(stack_status="UPDATE_COMPLETE", bucket="ours", vpcs=full) == []
