"""SageMaker's Python SDK v2: each program writes its calls as the SDK's documentation does."""

import pytest

from tests.sdk.conftest import Program, Runs

pytestmark = [pytest.mark.cloud, pytest.mark.laptop, pytest.mark.slow]


def test_a_session_needs_no_bucket_and_no_address_of_sts(sdk_v2: Program) -> None:
    sdk_v2("session.py")


def test_fit_shows_the_log_and_has_analytics(side_by_side: Runs) -> None:
    said = side_by_side["train.py"].result()
    assert "validation:mAP=" in said
    assert "Training seconds:" in said
    assert "sm-pysdk" not in said  # where its telemetry goes


def test_a_tuner_finds_its_best_estimator(side_by_side: Runs) -> None:
    side_by_side["tune.py"].result()


def test_an_estimator_is_deployed_asked_and_deleted(side_by_side: Runs) -> None:
    side_by_side["serve.py"].result()


def test_an_estimator_transforms_a_prefix(side_by_side: Runs) -> None:
    side_by_side["transform.py"].result()
