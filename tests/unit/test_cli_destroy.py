"""`tagline destroy`: what belongs to a stack, what is shown first, and what is left."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from tagline.cli import destroy as destroy_module
from tagline.cli.main import app
from tagline.cli.target import NoStack, Target
from tagline.formats.names import endpoint_name
from tests.unit.cli_stack import BUCKET, put, stack

__all__ = ["stack"]
runner = CliRunner()
DELETED: list[Target] = []  # moto's CloudFormation needs more than is installed here
ROLE = "arn:aws:iam::123456789012:role/jobs"
OTHER = "tagline-dev-data"
LEFT = "tagline-data-123456789012-us-east-1"
MINE = endpoint_name("tagline", "designs")
TRIAL = f"{MINE}-trial"
THEIRS = endpoint_name("tagline-dev", "designs")


def deploy(stack: Target, name: str, endpoint: str, bucket: str) -> None:
    """Make a model, its configuration, its endpoint and the alarm of that."""
    sagemaker = stack.sagemaker
    artifact = f"s3://{bucket}/designs/output/{name}/output/model.tar.gz"
    sagemaker.create_model(
        ModelName=f"tagline--{name}-model-00",
        ExecutionRoleArn=ROLE,
        PrimaryContainer={"Image": "server", "ModelDataUrl": artifact},
    )
    variant: Any = {
        "VariantName": "AllTraffic",
        "ModelName": f"tagline--{name}-model-00",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.c5.large",
    }
    config = f"tagline--{name}-config-00"
    sagemaker.create_endpoint_config(EndpointConfigName=config, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=config)
    stack.cloudwatch.put_metric_alarm(
        AlarmName=f"{endpoint}-errors",
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=[{"Name": "EndpointName", "Value": endpoint}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )


@pytest.fixture
def two_stacks(stack: Target, monkeypatch: pytest.MonkeyPatch) -> Target:
    """Ours, with an endpoint and a trial's, and another whose name begins with ours."""
    monkeypatch.setattr(destroy_module, "_running", lambda _target: iter(()))
    monkeypatch.setattr(destroy_module, "_brought_bucket", lambda _target: None)
    stack.s3.create_bucket(Bucket=OTHER)
    deploy(stack, "0123456789abcdef", MINE, BUCKET)
    deploy(stack, "fedcba9876543210", TRIAL, BUCKET)
    deploy(stack, "00000000000000aa", THEIRS, OTHER)
    stack.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId=f"endpoint/{MINE}/variant/AllTraffic",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MinCapacity=1,
        MaxCapacity=2,
    )
    put(stack, "designs/champion.json", b"{}")
    put(stack, "designs/champion.json", b"{ }")
    monkeypatch.setattr(destroy_module, "_delete_stack", DELETED.append)
    DELETED.clear()
    return stack


def endpoints(stack: Target) -> set[str]:
    return {found["EndpointName"] for found in stack.sagemaker.list_endpoints()["Endpoints"]}


def test_what_will_be_done_is_shown_and_nothing_is_done(two_stacks: Target) -> None:
    result = runner.invoke(app, ["destroy", "--data", "--dry-run", "--json"])
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert [(step["kind"], step["name"]) for step in told["deletes"]] == [
        ("endpoint", MINE),
        ("endpoint", TRIAL),
        ("endpoint configuration", "tagline--0123456789abcdef-config-00"),
        ("endpoint configuration", "tagline--fedcba9876543210-config-00"),
        ("model", "tagline--0123456789abcdef-model-00"),
        ("model", "tagline--fedcba9876543210-model-00"),
        ("alarm", f"{MINE}-errors"),
        ("alarm", f"{TRIAL}-errors"),
        ("objects", f"s3://{BUCKET}/"),
        ("stack", "tagline"),
        ("bucket", BUCKET),
    ]
    assert endpoints(two_stacks) == {MINE, TRIAL, THEIRS}
    assert DELETED == []


def test_only_what_is_the_stacks_own_goes_and_the_data_stays(two_stacks: Target) -> None:
    result = runner.invoke(app, ["destroy", "--yes"])
    assert result.exit_code == 0, result.stderr
    assert endpoints(two_stacks) == {THEIRS}
    models = two_stacks.sagemaker.list_models()["Models"]
    assert [found["ModelName"] for found in models] == ["tagline--00000000000000aa-model-00"]
    alarms = two_stacks.cloudwatch.describe_alarms()["MetricAlarms"]
    assert [alarm["AlarmName"] for alarm in alarms] == [f"{THEIRS}-errors"]
    assert two_stacks.s3.get_object(Bucket=BUCKET, Key="designs/champion.json")
    scaling = two_stacks.client("application-autoscaling")
    assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
    assert [target.stack for target in DELETED] == ["tagline"]


def test_the_data_goes_with_all_its_versions_when_asked_for(two_stacks: Target) -> None:
    result = runner.invoke(app, ["destroy", "--data", "--yes"])
    assert result.exit_code == 0, result.stderr
    assert {found["Name"] for found in two_stacks.s3.list_buckets()["Buckets"]} == {OTHER}


def test_a_bucket_that_was_there_before_is_not_deleted(
    two_stacks: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(destroy_module, "_brought_bucket", lambda _target: BUCKET)
    result = runner.invoke(app, ["destroy", "--data", "--yes"])
    assert result.exit_code == 1
    assert f"bucket {BUCKET} was there before the stack" in result.stderr
    assert endpoints(two_stacks) == {MINE, TRIAL, THEIRS}


def described(stack: Target, monkeypatch: pytest.MonkeyPatch, bucket: str) -> None:
    """Have CloudFormation say that the stack was given a bucket."""
    given = {"ParameterKey": "ExistingBucket", "ParameterValue": bucket}
    told = {"Stacks": [{"Parameters": [given]}]}
    monkeypatch.setattr(stack.cloudformation, "describe_stacks", lambda **_: told)


@pytest.mark.parametrize(
    ("bucket", "brought"), [("", None), (LEFT, None), ("my-pictures", "my-pictures")]
)
def test_a_bucket_that_an_earlier_stack_of_this_name_left_was_not_brought(
    stack: Target, monkeypatch: pytest.MonkeyPatch, bucket: str, brought: str | None
) -> None:
    described(stack, monkeypatch, bucket)
    assert destroy_module._brought_bucket(stack) == brought


@pytest.fixture
def gone(stack: Target, monkeypatch: pytest.MonkeyPatch) -> Target:
    """No stack, but the bucket that it made, with an endpoint that its deletion did not reach."""

    def no_stack(_target: Target) -> dict[str, str]:
        raise NoStack("no stack tagline")

    monkeypatch.setattr(Target, "stack_outputs", no_stack)
    stack.s3.create_bucket(Bucket=LEFT)
    stack.s3.put_object(Bucket=LEFT, Key="designs/champion.json", Body=b"{}")
    deploy(stack, "0123456789abcdef", MINE, LEFT)
    return stack


def test_the_data_that_stayed_is_deleted_when_the_stack_is_gone(gone: Target) -> None:
    shown = runner.invoke(app, ["destroy", "--data", "--dry-run", "--json"])
    kinds = [step["kind"] for step in json.loads(shown.stdout)["deletes"]]
    assert kinds == ["endpoint", "endpoint configuration", "model", "alarm", "objects", "bucket"]
    refused = runner.invoke(app, ["destroy", "--data"], input="n\n")
    assert "nothing was deleted" in refused.stderr
    result = runner.invoke(app, ["destroy", "--data", "--yes"])
    assert result.exit_code == 0, result.stderr
    assert LEFT not in {found["Name"] for found in gone.s3.list_buckets()["Buckets"]}
    assert endpoints(gone) == set()
    again = runner.invoke(app, ["destroy", "--data", "--yes"])
    assert "no stack tagline" in again.stderr


def test_without_data_it_is_said_that_the_data_stays(gone: Target) -> None:
    result = runner.invoke(app, ["destroy", "--yes"])
    assert result.exit_code == 1
    assert f"its data stays in s3://{LEFT}: --data deletes it" in result.stderr
    assert gone.s3.head_bucket(Bucket=LEFT)


def test_who_is_asked_and_says_no_keeps_everything(two_stacks: Target) -> None:
    result = runner.invoke(app, ["destroy"], input="n\n")
    assert result.exit_code == 1
    assert "nothing was deleted" in result.stderr
    assert endpoints(two_stacks) == {MINE, TRIAL, THEIRS}


def test_while_runs_go_on_nothing_is_deleted(
    two_stacks: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(destroy_module, "_running", lambda _target: iter(["designs-1"]))
    result = runner.invoke(app, ["destroy", "--yes"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "1 execution goes on: wait for the end, or stop it with `tagline cancel designs-1`" in (
        result.stderr
    )
    assert endpoints(two_stacks) == {MINE, TRIAL, THEIRS}


def test_what_goes_on_is_said_beforehand(
    two_stacks: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"designs-{at}" for at in range(5)]
    monkeypatch.setattr(destroy_module, "_running", lambda _target: iter(names))
    shown = runner.invoke(app, ["destroy", "--data", "--dry-run"])
    assert shown.exit_code == 0
    assert "As it stands it would be refused: 5 executions go on" in shown.stderr
    assert "`tagline cancel designs-2` and 2 more" in shown.stderr
    assert MINE in shown.stdout
    told = json.loads(runner.invoke(app, ["destroy", "--dry-run", "--json"]).stdout)
    assert told["running"] == names
    assert endpoints(two_stacks) == {MINE, TRIAL, THEIRS}
