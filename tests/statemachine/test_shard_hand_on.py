"""A shard whose call ran out of time is called again until nothing is left."""

import json

import pytest

from tests.statemachine.conftest import Flow
from tests.statemachine.script import SHARD
from tests.unit.documents import plain

pytestmark = pytest.mark.cloud


def test_a_shard_is_called_until_nothing_is_left(flow: Flow) -> None:
    """The script's first two calls of each shard leave rows, the third leaves none."""
    walk = flow.walk("handed-on")
    assert walk.status == "SUCCEEDED", walk.cause
    sfn = flow.cloud.client("stepfunctions")
    execution = flow.arn.replace(":stateMachine:", ":execution:") + ":handed-on"
    (map_run,) = sfn.list_map_runs(executionArn=execution)["mapRuns"]
    children = sfn.list_executions(mapRunArn=map_run["mapRunArn"])["executions"]
    ended = [sfn.describe_execution(executionArn=child["executionArn"]) for child in children]
    assert ended
    assert [json.loads(child["output"]) for child in ended] == [plain(SHARD)] * len(ended)
