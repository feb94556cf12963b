"""SageMaker's Python SDK v3, in an environment of its own."""

import re

import pytest

from tests.sdk.conftest import Runs

pytestmark = [pytest.mark.cloud, pytest.mark.laptop, pytest.mark.slow]


def test_a_model_trainer_trains_searches_and_is_deployed(side_by_side: Runs) -> None:
    said = side_by_side["model_trainer.py"].result()
    assert re.search(r"validation:mAP=\d", said)  # the job's log, and no pattern of a metric
    assert "sm-pysdk" not in said  # where its telemetry goes
