"""A role at work is the same one each time: what it holds is not made again with each job."""

from pathlib import Path
from typing import Any

import pytest

from local.access.sessions import Session
from local.context import Cloud
from local.sagemaker import roles

ARN = "arn:aws:iam::000000000000:role/{}"


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    return Cloud(4599, tmp_path, tmp_path)


def test_a_role_keeps_its_client(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A boto3 client takes some 10 MiB and a third of a second; a run needs one at each job."""
    monkeypatch.setattr(roles, "session_of", lambda arn, name: Session(arn, arn[-4:], name, "t"))
    authority: Any = None
    found = roles.Roles(cloud, authority)
    training = found.of(ARN.format("training")).objects.client
    assert found.of(ARN.format("training")).objects.client is training
    assert found.of(ARN.format("serving")).objects.client is not training
