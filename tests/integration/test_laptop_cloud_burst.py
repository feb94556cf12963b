"""Many requests at once: as many functions run as may, the rest are told so, no event is lost."""

import datetime as dt
import http.client
import os
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from tests.integration.conftest import Deployed, Stack, task
from tests.integration.test_laptop_cloud_lifecycle import workers
from tests.laptop import eventually, running

pytestmark = [pytest.mark.cloud, pytest.mark.slow]
REQUESTS = 200
MOST = max(16, 8 * (os.cpu_count() or 1))  # local/settings.py


def get(url: str) -> tuple[int, dict[str, str]]:
    """Return status and headers of a request, on a connection of its own."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=120)
    connection.request("GET", parts.path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}


@pytest.fixture(scope="module")
def own(deployed: Deployed, tmp_path_factory: pytest.TempPathFactory) -> object:
    """A cloud of this module's own: the others' functions are not to be starved."""
    state = deployed.copy(tmp_path_factory.mktemp("burst"))
    with running(state, deployed.root) as cloud:
        yield deployed.stack(cloud)


def test_a_burst_cold_and_warm_is_answered_by_200_and_503_alone(own: Stack) -> None:
    for _ in ("cold", "warm"):
        with ThreadPoolExecutor(REQUESTS) as pool:
            answers = list(pool.map(get, [f"{own['ApiUrl']}/"] * REQUESTS))
        counts = Counter(status for status, _ in answers)
        assert set(counts) <= {200, 503}, counts
        assert counts[200] >= 1
        assert {found["retry-after"] for status, found in answers if status == 503} <= {"1"}
        assert len(workers(own.cloud)) <= MOST
    assert counts[503] > 0


def test_a_function_invoked_too_often_is_throttled_as_in_lambda(own: Stack) -> None:
    client = own.client("lambda")

    def invoke(number: int) -> tuple[int, str]:
        try:
            answer = client.invoke(FunctionName=own["Moody"], Payload=b'{"mood": "dozing"}')
        except client.exceptions.TooManyRequestsException as exc:
            answer = exc.response
        return answer["ResponseMetadata"]["HTTPStatusCode"], answer.get("Reason", "")

    with ThreadPoolExecutor(4 * MOST) as pool:
        counts = Counter(pool.map(invoke, range(4 * MOST)))
    assert set(counts) == {(200, ""), (429, "ConcurrentInvocationLimitExceeded")}
    assert counts[200, ""] >= MOST


def test_a_throttled_event_is_kept_until_it_is_carried_out(own: Stack) -> None:
    word = uuid.uuid4().hex
    client = own.client("lambda")
    client.put_function_concurrency(FunctionName=own["Heard"], ReservedConcurrentExecutions=0)
    try:
        own.client("s3").put_object(
            Bucket=own["Bucket"], Key=f"shop/lists/{word}.lst", Body=b"1\t0\ta.png"
        )
        # a function that fails is tried three times
        eventually(lambda: throttles(own, own["Heard"]) > 3)
    finally:
        client.delete_function_concurrency(FunctionName=own["Heard"])
    heard = eventually(lambda: own.heard("Object-Created", word), seconds=60)
    assert len(heard) == 1


def throttles(stack: Stack, function: str) -> float:
    """Return how often a function was not invoked for want of concurrency."""
    now = dt.datetime.now(dt.UTC)
    found = stack.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Throttles",
        Dimensions=[{"Name": "FunctionName", "Value": function}],
        StartTime=now - dt.timedelta(hours=1),
        EndTime=now + dt.timedelta(minutes=1),
        Period=3600,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in found["Datapoints"]))


def test_a_throttled_task_fails_by_the_name_that_retries_know(own: Stack) -> None:
    client = own.client("lambda")
    client.put_function_concurrency(FunctionName=own["Echo"], ReservedConcurrentExecutions=0)
    try:
        state = task("lambda:invoke", {"FunctionName": own["Echo"], "Payload": {}})
        ended = own.run({"Task": state})
        assert (ended["status"], ended["error"]) == ("FAILED", "Lambda.TooManyRequestsException")
    finally:
        client.delete_function_concurrency(FunctionName=own["Echo"])
