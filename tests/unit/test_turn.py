"""How many runs go on at once: who comes later waits, in the order in which they began."""

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tagline.planning.turn import AtOnce, TooManyRuns, await_turn

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:tagline-retrain"
START = datetime(2026, 1, 1, tzinfo=UTC)


def run(dataset: str, number: int) -> str:
    return f"{dataset}-{number:016x}"


RUNS = AtOnce(3, 2)
BATCHES = AtOnce(2, 2, "batches", "BatchesAtOnce", "BatchesAtOnce")


def ask(own: str, *began: str, most: AtOnce = RUNS) -> None:
    """Ask for a turn while executions go on, that began in this order."""
    client: Any = boto3.client("stepfunctions", region_name="us-east-1")
    listed = [
        {
            "name": name,
            "executionArn": f"arn:{name}",
            "stateMachineArn": MACHINE,
            "status": "RUNNING",
            "startDate": START + timedelta(seconds=second),
        }
        for second, name in enumerate(began)
    ]
    with Stubber(client) as stubber:
        asked = {"stateMachineArn": MACHINE, "statusFilter": "RUNNING"}
        stubber.add_response("list_executions", {"executions": listed[::-1]}, asked)
        await_turn(client, MACHINE, own, most)


def test_who_began_first_goes_first_and_nobody_waits_for_later_ones() -> None:
    began = [run("a", 1), run("a", 2), run("a", 3), run("b", 4), run("c", 5)]
    ask(began[0], *began)
    ask(began[1], *began)
    with pytest.raises(TooManyRuns, match=r"2 runs of dataset a go on .*DatasetRunsAtOnce .* is 2"):
        ask(began[2], *began)
    with pytest.raises(TooManyRuns, match=r"3 runs of this stack go on .*RunsAtOnce .* is 3"):
        ask(began[3], *began)
    ask(began[2], *began[1:])
    ask(began[3], *began[1:])


def test_batches_wait_for_batches_by_their_own_number() -> None:
    began = [run("a", 1), run("b", 2), run("c", 3)]
    ask(began[1], *began, most=BATCHES)
    with pytest.raises(TooManyRuns, match=r"2 batches of this stack .* BatchesAtOnce .* is 2"):
        ask(began[2], *began, most=BATCHES)


def test_what_brings_champions_back_takes_nobodys_turn() -> None:
    own = run("a", 9)
    ask(own, f"{run('a', 1)}-restore-1", "by-hand", f"{run('a', 2)}-restore-11", own)


def test_a_run_that_is_not_listed_yet_waits_for_all_that_are() -> None:
    with pytest.raises(TooManyRuns):
        ask(run("a", 9), run("a", 1), run("a", 2))
