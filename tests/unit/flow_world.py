"""What tests of the flow's functions share: a mocked account, Lambda's context, the handlers."""

import importlib.util
import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import boto3
import msgspec
import pytest
from botocore.stub import Stubber
from botocore.validate import ParamValidator
from moto import mock_aws

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.formats.names import trial_name
from tagline.formats.outcomes import Champion
from tests.unit.cloudformation import ROOT, variables
from tests.unit.documents import RUN

BUCKET, DATASET = "data", "demo"
TRIAL = trial_name("tagline", DATASET)
PREFIX = f"{DATASET}/runs/{RUN}/"
STATE = {"bucket": BUCKET, "dataset": DATASET, "run": RUN, "started": "2026-11-12T00:00:00Z"}
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "POWERTOOLS_SERVICE_NAME": "tagline",
    "POWERTOOLS_METRICS_NAMESPACE": "Tagline",
}
# Each value is another one, so that a handler which reads the wrong variable answers wrongly
VARIABLES = {
    "DATA_BUCKET": BUCKET,
    "STACK_NAME": "tagline",
    "STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:tagline-retrain",
    "BATCH_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:tagline-tag-batch",
    "ALERTS_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:alerts",
    "TRAINER_IMAGE": "registry/tagline/trainer:latest",
    "SERVER_IMAGE": "registry/tagline/server:latest",
    "SAGEMAKER_ROLE_ARN": "arn:aws:iam::123456789012:role/sagemaker",
    "TRAINING_INSTANCE_TYPE": "ml.c5.4xlarge",
    "EVALUATION_INSTANCE_TYPE": "ml.m5.xlarge",
    "ENDPOINT_INSTANCE_TYPE": "ml.c5.large",
    "ENDPOINT_INSTANCE_COUNT": "1",
    "ENDPOINT_BAKE_SECONDS": "90",
    "ALLOWED_INSTANCE_TYPES": "ml.c5.4xlarge,ml.m5.xlarge,ml.c5.large,ml.m5.12xlarge",
    "MOST_TRIALS": "50",
    "MOST_INSTANCES": "5",
    "LOG_RETENTION_DAYS": "30",
    "RUNS_AT_ONCE": "10",
    "DATASET_RUNS_AT_ONCE": "3",
    "BATCHES_AT_ONCE": "4",
}


class Context:
    """Lambda's context object, as far as Powertools looks at it."""

    function_name = "tagline-step"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:tagline-step"
    aws_request_id = "00000000-0000-0000-0000-000000000000"


class Account:
    """A mocked account with the data bucket in it."""

    def __init__(self) -> None:
        self.s3: Any = boto3.client("s3")
        self.s3.create_bucket(Bucket=BUCKET)

    def put(self, key: str, content: object) -> str:
        """Write a document, typed or as plain values, and return its ETag."""
        body = json.dumps(msgspec.to_builtins(content)).encode()
        return str(self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)["ETag"])

    def get(self, key: str) -> Any:
        """Return a JSON document."""
        return json.loads(self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())


@contextmanager
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """Enter a mocked account with the functions' environment."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name, value in (ENVIRONMENT | VARIABLES).items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        clients.forget()
        yield Account()
    clients.forget()


def app(name: str) -> ModuleType:
    """Return a function's module as Lambda would load it."""
    path = ROOT / "functions" / name / "app.py"
    spec = importlib.util.spec_from_file_location(f"{name}_app", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def call(name: str, event: dict[str, Any]) -> dict[str, Any]:
    """Call a function as Lambda does, with the environment variables of its template."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in set(VARIABLES) - variables(name):
            patch.delenv(variable, raising=False)
        environment.cache_clear()
        answer = app(name).handler(event, Context())
    plain = json.loads(json.dumps(answer, allow_nan=False))  # what a state gets must be JSON
    assert isinstance(plain, dict)
    return plain


def event(name: str) -> dict[str, Any]:
    """Return a recorded event."""
    content = json.loads((ROOT / "tests/events" / f"{name}.json").read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def assert_valid(operation: str, request: dict[str, Any]) -> None:
    """Check a SageMaker request against botocore's own model of the operation."""
    client = boto3.client("sagemaker", region_name="us-east-1")
    shape = client.meta.service_model.operation_model(operation).input_shape
    assert shape is not None
    report = ParamValidator().validate(request, shape)
    assert not report.has_errors(), report.generate_report()


def describe(
    stubber: Stubber,
    status: str | None,
    config: str = "c-0",
    name: str = "tagline--demo-50876c98a6b2",
) -> None:
    """Let SageMaker answer one look at an endpoint; no status: there is none."""
    if status is None:
        gone(stubber, "describe_endpoint", f'Could not find endpoint "{name}".')
        return
    answer = {
        "EndpointName": name,
        "EndpointArn": f"arn:aws:sagemaker:us-east-1:123456789012:endpoint/{name}",
        "EndpointConfigName": config,
        "EndpointStatus": status,
        "CreationTime": 0,
        "LastModifiedTime": 0,
    }
    stubber.add_response("describe_endpoint", answer, {"EndpointName": name})


def gone(stubber: Stubber, operation: str, message: str) -> None:
    """Let SageMaker say that there is nothing of that name, as it does."""
    stubber.add_client_error(operation, "ValidationException", message)


def describe_parts(stubber: Stubber, champion: Champion, *missing: str) -> None:
    """Let SageMaker answer whether the champion's model and configuration are there."""
    arn = "arn:aws:sagemaker:us-east-1:123456789012"
    if "model" in missing:
        gone(stubber, "describe_model", f'Could not find model "{champion.model}".')
    else:
        answer = {"ModelName": champion.model, "ModelArn": f"{arn}:model/m", "CreationTime": 0}
        stubber.add_response("describe_model", answer, {"ModelName": champion.model})
    name = champion.endpoint_config
    if "config" in missing:
        said = f'Could not find endpoint configuration "{name}".'
        gone(stubber, "describe_endpoint_config", said)
    else:
        made = {
            "EndpointConfigName": name,
            "EndpointConfigArn": f"{arn}:endpoint-config/c",
            "ProductionVariants": [{"VariantName": "AllTraffic"}],
            "CreationTime": 0,
        }
        stubber.add_response("describe_endpoint_config", made, {"EndpointConfigName": name})
