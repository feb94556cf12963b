"""A data bucket, an endpoint that says what a test wants, and calls of the API's two handlers.

Every answer of every call is held against the published OpenAPI document.
"""

import base64
import copy
import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from moto import mock_aws

from functions.curate import app as curate_app
from functions.datasets import app as datasets_app
from functions.progress import app as progress_app
from functions.tag import app as tag_app
from functions.take_feedback import app as feedback_app
from tagline.api import clients
from tagline.aws.environment import environment
from tagline.aws.observability import metrics
from tagline.formats.document import Document, encode
from tagline.formats.outcomes import Champion
from tests.unit import run_documents

ROOT = Path(__file__).parents[2]
OPENAPI = json.loads((ROOT / "functions/datasets/openapi.json").read_text())
BUCKET, SOURCE = "data", "artwork"
DATASET = "noto-50"
RUN = f"{DATASET}-0123456789abcdef"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:tagline-retrain"
LABELS = ["circle", "red", "striped", "round, and 圆"]
THRESHOLDS = [0.5, 0.2, 0.9, 0.05]
CONTEXT: Any = SimpleNamespace(
    function_name="f",
    memory_limit_in_mb=256,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:f",
    aws_request_id="1",
    get_remaining_time_in_millis=lambda: 29_000,
)


@dataclass(frozen=True)
class Reply:
    """An answer as the caller sees it."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class World:
    def __init__(self, endpoint: Stubber) -> None:
        self.s3 = clients.s3()
        self.endpoint = endpoint
        for name in (BUCKET, SOURCE, "secrets"):
            self.s3.create_bucket(Bucket=name)

    def put(self, key: str, content: object, bucket: str = BUCKET) -> None:
        if isinstance(content, Document):
            body = encode(content)
        else:
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.s3.put_object(Bucket=bucket, Key=key, Body=body)

    def crown(self, dataset: str = DATASET, run: str = RUN, source: str | None = None) -> None:
        self.put(f"{dataset}/champion.json", champion_document(dataset, run))
        plan = run_documents.plan(run=run, dataset=dataset, settings={"source": source})
        self.put(f"{dataset}/runs/{run}/plan.json", plan)
        self.put(f"{dataset}/runs/{run}/metrics.json", metrics_document(run))

    def serve(self, name: str = f"tagline-{DATASET}", config: str | None = None) -> None:
        """Make an endpoint that is InService, by default the champion's own."""
        sagemaker = clients.sagemaker()
        config = config or champion_document().endpoint_config
        variant = {"VariantName": "AllTraffic", "ModelName": "m", "InstanceType": "ml.m5.large"}
        sagemaker.create_model(ModelName="m", ExecutionRoleArn="arn:aws:iam::123456789012:role/r")
        sagemaker.create_endpoint_config(
            EndpointConfigName=config,
            ProductionVariants=[{**variant, "InitialInstanceCount": 1}],  # type: ignore[list-item]
        )
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)

    def expect(self, scores: list[float], run: str = RUN, **params: object) -> None:
        document = {"run": run, "created": "2026-11-20T09:00:00Z", "labels": LABELS}
        self.expect_text(json.dumps(document | {"scores": scores}), **params)

    def expect_text(self, text: str, **params: object) -> None:
        body = StreamingBody(io.BytesIO(text.encode()), len(text.encode()))
        self.endpoint.add_response("invoke_endpoint", {"Body": body}, params or None)

    def refuse(self, code: str, status: int = 400, **fields: object) -> None:
        self.endpoint.add_client_error(
            "invoke_endpoint", code, "no", status, modeled_fields=fields or None
        )


@contextmanager
def api_world(monkeypatch: pytest.MonkeyPatch, auth: str = "none") -> Iterator[World]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "DATA_BUCKET": BUCKET,
        "STACK_NAME": "tagline",
        "API_AUTH": auth,
        "API_OPEN_CHANGES": "true",
        "STATE_MACHINE_ARN": MACHINE,
        "SOURCE_BUCKETS": f"{SOURCE}, elsewhere",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(metrics.provider, "namespace", "Tagline")
    forget()
    with mock_aws(), Stubber(clients.runtime()) as endpoint:
        yield World(endpoint)
    forget()


def forget() -> None:
    """Make the next call the first of a new container, save for its clients (slow to make)."""
    environment.cache_clear()
    tag_app.champions.cache_clear()
    tag_app.samples.cache_clear()
    tag_app.histories.cache_clear()
    if tag_app.counting.cache_info().currsize and (timer := tag_app.counting()._timer):
        timer.cancel()
    tag_app.counting.cache_clear()
    curate_app.bucket.cache_clear()
    progress_app.progresses.cache_clear()
    feedback_app.bucket.cache_clear()
    datasets_app.bucket.cache_clear()
    datasets_app.catalog.cache_clear()
    datasets_app.healths.cache_clear()
    datasets_app.signing_in.cache_clear()


def event(name: str, **changes: object) -> dict[str, Any]:
    """Return a recorded event; `dataset`, `run` and `method` change the call, others the event."""
    found: dict[str, Any] = json.loads((ROOT / f"tests/events/http_api_{name}.json").read_text())
    if method := changes.pop("method", None):
        found["routeKey"] = f"{method} {found['routeKey'].split(' ')[1]}"
        found["requestContext"]["http"]["method"] = method
    for parameter in ("dataset", "run", "file"):
        if parameter in changes:
            found["pathParameters"][parameter] = changes.pop(parameter)
    return found | changes


def image_event(data: bytes, content_type: str | None, **changes: object) -> dict[str, Any]:
    """Return a POST of `data` as API Gateway delivers a body of that type."""
    found = event("tag_png", **changes)
    found["headers"].pop("content-type")
    if content_type is not None:
        found["headers"]["content-type"] = content_type
    kind = (content_type or "").split(";")[0]
    as_text = kind == "application/json" or kind.startswith("text/")
    # what is no UTF-8 becomes replacement characters
    body = data.decode(errors="replace") if as_text else base64.b64encode(data).decode()
    return found | {"body": body, "isBase64Encoded": not as_text}


def problem(reply: Reply) -> tuple[int, str]:
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.json["status"] == reply.status
    return reply.status, reply.json["code"]


def tag(sent: Mapping[str, Any]) -> Reply:
    return _call(tag_app.handler, sent)


def correct(sent: Mapping[str, Any]) -> Reply:
    return _call(feedback_app.handler, sent)


def get(sent: Mapping[str, Any]) -> Reply:
    return _call(datasets_app.handler, sent)


def change(sent: Mapping[str, Any]) -> Reply:
    return _call(curate_app.handler, sent)


def follow(sent: Mapping[str, Any]) -> Reply:
    return _call(progress_app.handler, sent)


def _call(handler: Callable[..., dict[str, Any]], sent: Mapping[str, Any]) -> Reply:
    answer = handler(copy.deepcopy(dict(sent)), CONTEXT)
    reply = Reply(answer["statusCode"], answer["headers"], answer["body"])
    _hold_against_openapi(sent["routeKey"], reply)
    return reply


def _hold_against_openapi(route: str, reply: Reply) -> None:
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    if route == "$default":
        return
    method, path = route.split(" ")
    promised = OPENAPI["paths"][path][method.lower()]["responses"][str(reply.status)]
    if "$ref" in promised:
        promised = OPENAPI["components"]["responses"][promised["$ref"].rsplit("/", 1)[1]]
    for header in promised.get("headers", {}):
        assert header in reply.headers
    if "content" not in promised:
        assert reply.text == ""
        return
    media_type = reply.headers["Content-Type"].split(";")[0]
    schema = promised["content"][media_type]["schema"]
    found = reply.text if media_type.startswith("text/") else reply.json
    validator = Draft202012Validator({**schema, "components": OPENAPI["components"]})
    errors = [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(found)]
    assert not errors, f"{route} {reply.status}: {errors}"


def champion_document(dataset: str = DATASET, run: str = RUN) -> Champion:
    created, endpoint = "2026-11-20T09:10:00Z", f"tagline-{dataset}"
    return run_documents.champion(run=run, created=created, endpoint=endpoint, mAP=0.81)


def metrics_document(run: str = RUN, **changes: object) -> Document:
    rows = zip(LABELS, THRESHOLDS, strict=True)
    labels = [
        {"label": label, "ap": 0.8, "f1": 0.7, "support": 20, "threshold": threshold}
        for label, threshold in rows
    ]
    return run_documents.metrics(
        **{"run": run, "mAP": 0.81, "micro_ap": 0.84, "labels": labels, **changes}
    )
