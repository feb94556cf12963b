"""SageMaker's Python SDK v2: each program writes its calls as the SDK's documentation does."""

import pytest

from tests.sdk.conftest import Program

pytestmark = [pytest.mark.cloud, pytest.mark.laptop, pytest.mark.slow]


def test_a_session_finds_the_laptop(sdk_v2: Program) -> None:
    assert sdk_v2("session.py").endswith("ok\n")
