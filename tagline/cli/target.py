"""Which cloud a command talks to: an account, as boto3 finds it, or the laptop's."""

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import get_session

from tagline.aws.faults import error_code
from tagline.aws.s3 import Bucket
from tagline.aws.sessions import sending_at_once, user_agent
from tagline.cli.commands import STACK
from tagline.cli.errors import Refused
from tagline.cli.output import say
from tagline.cli.places import LAPTOP_KEY, LAPTOP_SECRET, live_cloud

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_stepfunctions import SFNClient

_LAPTOP = {"127.0.0.1", "localhost", "::1"}
_LAPTOP_REGION = "us-east-1"


class NoStack(Refused):
    """There is no stack of that name."""


@dataclass(frozen=True)
class Outputs:
    """What the stack says about itself."""

    bucket: str
    state_machine: str
    api_url: str
    api_auth: str = "none"
    """How the API knows its callers: none, iam or jwt."""


@dataclass(frozen=True)
class Target:
    """A deployed stack and the means to talk to it."""

    session: boto3.Session
    endpoint: str | None
    stack: str = STACK
    left: str | None = None
    """The data bucket of a stack that is gone: all that there is of its outputs."""

    @cached_property
    def s3(self) -> "S3Client":
        """Client for the data bucket; signature 4, since links of older ones answer no type."""
        config = self._config.merge(Config(signature_version="s3v4"))
        client = self.session.client("s3", endpoint_url=self.endpoint, config=config)
        return sending_at_once(client)

    @cached_property
    def bucket(self) -> Bucket:
        """The data bucket."""
        return Bucket(self.s3, self.outputs.bucket)

    @cached_property
    def states(self) -> "SFNClient":
        """Client for the state machine."""
        return self.session.client("stepfunctions", endpoint_url=self.endpoint, config=self._config)

    @cached_property
    def logs(self) -> "CloudWatchLogsClient":
        """Client for the jobs' logs."""
        return self.session.client("logs", endpoint_url=self.endpoint, config=self._config)

    @cached_property
    def sagemaker(self) -> "SageMakerClient":
        """Client for tuning jobs and their trials."""
        return self.session.client("sagemaker", endpoint_url=self.endpoint, config=self._config)

    @cached_property
    def cloudwatch(self) -> Any:  # its stubs are not among the development requirements
        """Client for the endpoints' metrics and alarms."""
        return self.client("cloudwatch")

    @cached_property
    def iot(self) -> Any:  # its stubs are not among the development requirements
        """Client for devices."""
        return self.client("iot")

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        """Client for the stack itself."""
        return self.session.client(
            "cloudformation", endpoint_url=self.endpoint, config=self._config
        )

    def client(self, service: Any) -> Any:
        """Return a client of any service, with this target's endpoint and patience."""
        return self.session.client(service, endpoint_url=self.endpoint, config=self._config)

    @cached_property
    def outputs(self) -> Outputs:
        """The stack's outputs; raises Refused when the stack is not there."""
        if self.left is not None:
            return Outputs(self.left, state_machine="", api_url="")
        found = self.stack_outputs()
        try:
            return Outputs(
                found["DataBucket"],
                found["StateMachineArn"],
                found["ApiUrl"],
                found.get("ApiAuth", "none"),  # stacks before it was a parameter
            )
        except KeyError as exc:
            raise Refused(f"stack {self.stack} has no output {exc}: deploy template.yaml") from exc

    def stack_outputs(self) -> dict[str, str]:
        """Return every output of the stack by name."""
        try:
            stacks = self.cloudformation.describe_stacks(StackName=self.stack)["Stacks"]
        except ClientError as exc:
            if error_code(exc) != "ValidationError":
                raise
            deployed = (
                "`tagline up`, stopped and started again, deploys it"
                if is_laptop(self.endpoint)
                else "deploy template.yaml"
            )
            raise NoStack(
                f"no stack {self.stack} at {self.endpoint or 'this account and region'}: "
                f"{deployed}, or name the stack with --stack"
            ) from exc
        return {item["OutputKey"]: item["OutputValue"] for item in stacks[0].get("Outputs", [])}

    @property
    def is_there(self) -> bool:
        """Whether there is a stack of this name."""
        try:
            self.stack_outputs()
        except Refused:
            return False
        return True

    @property
    def _config(self) -> Config:
        proxies: dict[str, str] | None = {} if is_laptop(self.endpoint) else None
        return Config(
            retries={"mode": "standard", "total_max_attempts": 4},
            max_pool_connections=32,
            connect_timeout=10,
            proxies=proxies,
            user_agent=user_agent(),
        )


def laptop_target(endpoint: str, stack: str = STACK, secret_key: str = LAPTOP_SECRET) -> Target:
    """Return the target for a laptop cloud, whatever the shell's credentials are."""
    session = boto3.Session(
        aws_access_key_id=LAPTOP_KEY,
        aws_secret_access_key=secret_key,
        region_name=_LAPTOP_REGION,
    )
    return Target(session, endpoint, stack)


def find_target(stack: str = STACK) -> Target:
    """Return the cloud that the environment names, or the laptop cloud that is running.

    AWS_ENDPOINT_URL or credentials as boto3 reads them come first. Without them, or with the
    laptop's own access key and no endpoint, the cloud of `tagline up` is taken and said so.
    Raises Refused when there is neither.
    """
    endpoint = os.environ.get("AWS_ENDPOINT_URL") or None
    key = _access_key()
    if endpoint:
        if key is None and is_laptop(endpoint):
            own = live_cloud()
            known = own is not None and own.endpoint == endpoint.rstrip("/")
            return laptop_target(
                endpoint, stack, own.secret_key if own and known else LAPTOP_SECRET
            )
        return _account_target(endpoint, stack)
    if key is not None and key != LAPTOP_KEY:
        return _account_target(None, stack)
    cloud = live_cloud()
    if cloud is not None:
        say(f"Using the laptop cloud at {cloud.endpoint}", style="dim")
        return laptop_target(cloud.endpoint, stack, cloud.secret_key)
    if key == LAPTOP_KEY:
        raise Refused(
            f"access key {LAPTOP_KEY!r} is the laptop cloud's, but none runs: start `tagline up`, "
            "or set AWS_ENDPOINT_URL"
        )
    return _account_target(None, stack)


def is_laptop(endpoint: str | None) -> bool:
    """Return whether an endpoint is on this machine."""
    return endpoint is not None and urlsplit(endpoint).hostname in _LAPTOP


def _access_key() -> str | None:
    """Return the access key boto3 would use, without asking an instance's metadata service."""
    session = get_session()
    resolver = session.get_component("credential_provider")
    resolver.remove("iam-role")  # waits a second where there is no such service
    credentials = session.get_credentials()
    return credentials.access_key if credentials else None


def _account_target(endpoint: str | None, stack: str) -> Target:
    session = boto3.Session()
    if getattr(session.get_credentials(), "access_key", None) is None:
        raise Refused(
            "no AWS credentials, and no laptop cloud runs: start `tagline up`, or set AWS_PROFILE "
            "(an account) or AWS_ENDPOINT_URL (another endpoint)"
        )
    if getattr(session, "region_name", None) is None:  # the stubs think that it is always set
        if not is_laptop(endpoint):
            raise Refused("no AWS region: set AWS_DEFAULT_REGION or the profile's region")
        session = boto3.Session(region_name=_LAPTOP_REGION)
    return Target(session, endpoint, stack)
