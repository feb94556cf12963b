"""`connect`: the deployed stack as SageMaker's SDK wants it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from tagline.cli.commands import STACK
from tagline.cli.errors import Refused
from tagline.cli.target import Target, find_target
from tagline.formats.keys import NOTEBOOKS

try:
    from sagemaker.config import load_sagemaker_config
    from sagemaker.session import Session
except ModuleNotFoundError:  # version 3 has them elsewhere
    from sagemaker.core.config.config import load_sagemaker_config
    from sagemaker.core.helper.session_helper import Session


@dataclass(frozen=True)
class Connection:
    """What an Estimator, a Model and their like are made with."""

    session: Session
    """SageMaker's own, whose default bucket is the stack's and whose prefix there is notebooks/."""
    role: str
    """The ARN that jobs and endpoints run as: it reads the bucket, and writes below notebooks/."""
    bucket: str
    """The stack's data bucket, by its name."""
    trainer_image: str
    recommender_image: str
    """What trains on ratings; the server serves it."""
    server_image: str
    target: Target
    """The stack as the tagline command knows it."""


class _BotoSession(boto3.Session):
    """boto3's session for an endpoint that is not AWS's own: all of its clients talk to it.

    AWS_ENDPOINT_URL does not reach each of them, for the SDK names STS by AWS's regional address.
    """

    def __init__(self, endpoint: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._endpoint = endpoint

    def client(self, *arguments: Any, **options: Any) -> Any:
        return super().client(*arguments, **{**options, "endpoint_url": self._endpoint})

    def resource(self, *arguments: Any, **options: Any) -> Any:
        return super().resource(*arguments, **{**options, "endpoint_url": self._endpoint})


def connect(stack: str = STACK) -> Connection:
    """Return the means to work with a deployed stack by SageMaker's SDK.

    The cloud is the one that the tagline command would talk to: AWS_ENDPOINT_URL or the account of
    the environment's credentials, else the laptop cloud that runs. The same lines work with either.
    Raises Refused, which says what is missing, where there is no cloud or no stack.
    """
    target = find_target(stack)
    outputs = target.stack_outputs()
    bucket = _output(outputs, "DataBucket", stack)
    role = _output(outputs, "NotebookRoleArn", stack)
    session = Session(
        boto_session=_boto_session(target),
        default_bucket=bucket,
        default_bucket_prefix=NOTEBOOKS.rstrip("/"),
        sagemaker_config=_defaults(target),
    )
    return Connection(
        session,
        role,
        bucket,
        trainer_image=_output(outputs, "TrainerImage", stack),
        recommender_image=_output(outputs, "RecommenderImage", stack),
        server_image=_output(outputs, "ServerImage", stack),
        target=target,
    )


def _boto_session(target: Target) -> boto3.Session:
    if target.endpoint is None:
        return target.session
    held = target.session.get_credentials()
    if held is None:
        raise Refused("no AWS credentials")
    frozen = held.get_frozen_credentials()
    return _BotoSession(
        target.endpoint,
        aws_access_key_id=frozen.access_key,
        aws_secret_access_key=frozen.secret_key,
        aws_session_token=frozen.token,
        region_name=target.session.region_name,
    )


def _defaults(target: Target) -> dict[str, Any]:
    """Return the SDK's defaults as the person has them, without telemetry where it is not AWS."""
    held: dict[str, Any] = load_sagemaker_config()
    if target.endpoint is None:
        return held
    own = held.get("SageMaker", {})
    python = own.get("PythonSDK", {})
    modules = {**python.get("Modules", {}), "TelemetryOptOut": True}
    merged = {**own, "PythonSDK": {**python, "Modules": modules}}
    return {"SchemaVersion": "1.0", **held, "SageMaker": merged}


def _output(outputs: Mapping[str, str], name: str, stack: str) -> str:
    try:
        return outputs[name]
    except KeyError as exc:
        raise Refused(
            f"stack {stack} has no output {name}: it is of an earlier version, deploy it anew"
        ) from exc
