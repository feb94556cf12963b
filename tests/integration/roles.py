"""Roles of tests' own making, and clients that call as them."""

import json
import uuid
from typing import Any

import boto3
from botocore.config import Config
from botocore.credentials import Credentials

from tests.laptop import LaptopCloud

ACCOUNT = "000000000000"


def statement(action: str | list[str], resource: str | list[str], **more: Any) -> dict[str, Any]:
    """Return a statement that allows, unless `more` says otherwise."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def document(*statements: dict[str, Any]) -> str:
    """Return a policy as JSON."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


class RoleClients:
    """boto3 clients of a fresh role with the given statements, by AssumeRole."""

    def __init__(
        self, cloud: LaptopCloud, *statements: dict[str, Any], session_policy: str | None = None
    ) -> None:
        self.name = f"role-{uuid.uuid4().hex[:8]}"
        iam = cloud.client("iam")
        trust = document(
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                "Action": "sts:AssumeRole",
            }
        )
        role = iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=trust)
        self.arn: str = role["Role"]["Arn"]
        if statements:
            iam.put_role_policy(
                RoleName=self.name, PolicyName="own", PolicyDocument=document(*statements)
            )
        narrowed = {"Policy": session_policy} if session_policy else {}
        self._keys = cloud.client("sts").assume_role(
            RoleArn=self.arn, RoleSessionName="test", **narrowed
        )["Credentials"]
        self._cloud = cloud

    @property
    def credentials(self) -> Credentials:
        """The role's temporary credentials, to sign with."""
        kept = self._keys
        return Credentials(kept["AccessKeyId"], kept["SecretAccessKey"], kept["SessionToken"])

    def client(self, service: str) -> Any:
        """Return a client of a service."""
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=self._cloud.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self._keys["AccessKeyId"],
            aws_secret_access_key=self._keys["SecretAccessKey"],
            aws_session_token=self._keys["SessionToken"],
            config=Config(retries={"max_attempts": 1}),
        )
