"""`tagline preflight`: the facts of an account, as moto has one, and of the laptop."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from tagline.cli import account as account_module
from tagline.cli.account import read_facts, template_defaults
from tagline.cli.main import app
from tagline.cli.readiness import Image, NotNeeded, Quota, Unknown
from tagline.cli.target import Target, laptop_target
from tests.unit.cli_stack import stack

__all__ = ["stack"]
runner = CliRunner()
BUCKET = "tagline-data-123456789012-us-east-1"
LIST = "application/vnd.docker.distribution.manifest.list.v2+json"


QUOTA = {"QuotaName": "ml.c5.large for endpoint usage", "QuotaCode": "L-1", "Value": 0.0}


@pytest.fixture(autouse=True)
def beyond_moto(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer in place of what moto has not, or has not here (CloudFormation)."""
    monkeypatch.setattr(account_module, "_stack", lambda _target: (None, {}))
    monkeypatch.setattr(Target, "client", answering)


CLIENT = Target.client


class Quotas:
    """Service Quotas: AWS's default of everything is 5, and one quota was applied."""

    def get_service_quota(self, **_asked: str) -> Any:
        raise ClientError({"Error": {"Code": "NoSuchResourceException"}}, "GetServiceQuota")

    def get_aws_default_service_quota(self, **asked: str) -> Any:
        return {"Quota": {"QuotaName": "n", "QuotaCode": asked["QuotaCode"], "Value": 5.0}}

    def get_paginator(self, operation: str) -> Any:
        applied = operation == "list_service_quotas"
        quota = QUOTA if applied else QUOTA | {"Value": 4.0}
        return SimpleNamespace(paginate=lambda **_asked: [{"Quotas": [quota]}])


class Lambda:
    """A new account's."""

    def get_account_settings(self) -> Any:
        return {"AccountLimit": {"ConcurrentExecutions": 10}}


def answering(target: Target, service: str) -> Any:
    if service == "service-quotas":
        return Quotas()
    return Lambda() if service == "lambda" else CLIENT(target, service)


def push(stack: Target, name: str, manifest: dict[str, Any]) -> None:
    ecr = stack.client("ecr")
    ecr.create_repository(repositoryName=f"tagline/{name}")
    ecr.put_image(
        repositoryName=f"tagline/{name}",
        imageManifest=json.dumps({"schemaVersion": 2} | manifest),
        imageManifestMediaType=manifest["mediaType"],
        imageTag="latest",
    )


def test_the_parameters_are_the_templates_unless_given(stack: Target) -> None:
    assert template_defaults()["EndpointInstanceType"] == "ml.c5.large"
    facts = read_facts(stack, ["EndpointInstanceType=ml.m5.large"])
    assert facts.parameters["EndpointInstanceType"] == "ml.m5.large"


def test_a_parameter_of_another_name_is_refused(stack: Target) -> None:
    result = runner.invoke(app, ["preflight", "--parameter", "Endpoint=ml.m5.large"])
    assert result.exit_code == 1
    assert "EndpointInstanceType" in result.stderr


def test_an_account_is_read(stack: Target) -> None:
    platforms = [{"os": "unknown", "architecture": "unknown"},
                 {"os": "linux", "architecture": "arm64"}]  # fmt: skip
    each = [{"digest": f"sha256:{n:064}", "size": 1, "mediaType": "x", "platform": platform}
            for n, platform in enumerate(platforms)]  # fmt: skip
    push(stack, "trainer", {"mediaType": LIST, "manifests": each})
    facts = read_facts(stack)
    assert (facts.account, facts.region, facts.bucket) == ("123456789012", "us-east-1", "free")
    assert "us-east-1" in facts.regions
    assert facts.sagemaker is True
    assert facts.fargate == Quota("n", "L-3032A538", 5)
    assert facts.lambdas == 10
    assert facts.quotas == {QUOTA["QuotaName"]: Quota(str(QUOTA["QuotaName"]), "L-1", 0)}
    trainer = facts.images["trainer"]
    assert isinstance(trainer, Image)
    assert (trainer.media_type, trainer.platform) == (LIST, "linux/arm64")
    server = facts.images["server"]
    assert isinstance(server, Image)
    assert server.media_type is None


def test_an_image_elsewhere_is_unknown(stack: Target) -> None:
    facts = read_facts(stack, ["TrainerImageUri=docker.io/somebody/trainer:1"])
    assert facts.images["trainer"] == Unknown("docker.io/somebody/trainer:1 is not in ECR")


def test_a_bucket_of_an_earlier_stack_would_fail_a_deploy(stack: Target) -> None:
    stack.s3.create_bucket(Bucket=BUCKET)
    result = runner.invoke(app, ["preflight", "--json"])
    assert result.exit_code == 1
    found = {check["what"]: check for check in json.loads(result.stdout)["checks"]}
    assert found["data bucket"]["verdict"] == "will fail"
    taken_over = f"sam deploy --parameter-overrides ExistingBucket={BUCKET}"
    assert found["data bucket"]["mend"] == taken_over


def test_what_is_denied_is_unknown_with_the_reason(
    stack: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(target: Target, service: str) -> Any:
        if service in {"service-quotas", "ec2", "lambda"}:
            answer: Any = {"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}
            raise ClientError(answer, "GetServiceQuota")
        return CLIENT(target, service)

    monkeypatch.setattr(Target, "client", denied)
    facts = read_facts(stack)
    for fact in (facts.vpcs, facts.fargate, facts.lambdas, facts.quotas):
        assert isinstance(fact, Unknown)
        assert "not authorized" in fact.why


def test_a_laptop_has_no_quotas(stack: Target) -> None:
    laptop = laptop_target("http://127.0.0.1:9", "tagline")
    facts = read_facts(laptop)
    assert isinstance(facts.quotas, NotNeeded)
    assert isinstance(facts.images["server"], NotNeeded)
    assert isinstance(facts.account, Unknown)  # nobody answers there
