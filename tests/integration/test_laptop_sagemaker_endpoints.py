"""Models, endpoints and invocations of the laptop cloud, seen through boto3."""

import threading
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from local.sagemaker.server import pause_before
from tests.integration.laptop_sagemaker import ROLE, Toys, add_toys
from tests.laptop import LaptopCloud, eventually

pytestmark = pytest.mark.cloud
LOGS = "/aws/sagemaker/Endpoints"


@pytest.fixture
def laptop(laptop_cloud: LaptopCloud) -> Toys:
    add_toys(laptop_cloud.root)
    return Toys(laptop_cloud)


def serve(laptop: Toys, name: str, word: bytes, suffix: str = "") -> None:
    laptop.create_config(f"{name}-1", word, suffix)
    laptop.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=f"{name}-1")
    assert laptop.settled(name)["EndpointStatus"] == "InService"


def folders(state: Path, name: str) -> list[Path]:
    return list((state / "endpoints" / name).iterdir())


def test_an_endpoint_answers_and_passes_on_what_belongs_to_a_call(laptop: Toys) -> None:
    serve(laptop, "echo", b"hello", suffix="!")
    endpoint = laptop.sagemaker.describe_endpoint(EndpointName="echo")
    assert endpoint["EndpointConfigName"] == "echo-1"
    assert endpoint["ProductionVariants"][0]["VariantName"] == "AllTraffic"
    body = bytes(range(256)) * 100
    answer = laptop.runtime.invoke_endpoint(
        EndpointName="echo", Body=body, ContentType="image/png", Accept="application/json"
    )
    assert answer["Body"].read() == b"image/png application/json hello! " + body
    assert answer["ContentType"] == "text/toy"
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    listed = laptop.sagemaker.list_endpoints(NameContains="ECHO")["Endpoints"]
    assert [item["EndpointName"] for item in listed] == ["echo"]


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [(b"client", 415, '{"error": "unsupported_image"}'), (b"server", 500, "sorry")],
)
def test_a_container_error_is_a_model_error(
    laptop: Toys, body: bytes, status: int, text: str
) -> None:
    name = f"errors-{status}"
    serve(laptop, name, b"x")
    with pytest.raises(laptop.runtime.exceptions.ModelError) as failure:
        laptop.invoke(name, body)
    answer = failure.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert answer["OriginalStatusCode"] == status
    assert answer["OriginalMessage"] == text
    assert f"error ({status})" in answer["Error"]["Message"]


def test_calls_that_cannot_be_passed_on_are_refused(laptop: Toys) -> None:
    serve(laptop, "limits", b"x")
    refused = laptop.runtime.exceptions.ValidationError
    with pytest.raises(refused, match="6291456"):
        laptop.invoke("limits", b"0" * (6 * 2**20 + 1))
    with pytest.raises(refused, match="target-model"):
        laptop.invoke("limits", b"x", TargetModel="other")
    with pytest.raises(refused, match="not found"):
        laptop.invoke("nowhere", b"x")


def test_an_update_switches_only_to_a_healthy_server(laptop: Toys) -> None:
    serve(laptop, "update", b"old")
    laptop.create_config("update-2", b"new")
    done = threading.Event()
    answers: set[bytes] = set()

    def ask() -> None:
        while not done.is_set():
            answers.add(laptop.invoke("update", b"", ContentType="a", Accept="b"))

    asking = threading.Thread(target=ask)
    asking.start()
    eventually(lambda: answers)
    canary = {
        "Type": "CANARY",
        "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
        "WaitIntervalInSeconds": 2,
    }
    laptop.sagemaker.update_endpoint(
        EndpointName="update",
        EndpointConfigName="update-2",
        DeploymentConfig={"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": canary}},
    )
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        laptop.sagemaker.delete_endpoint(EndpointName="update")
    endpoint = laptop.settled("update")
    done.set()
    asking.join()  # an answer that failed would have ended it before both came
    assert endpoint["EndpointConfigName"] == "update-2"
    assert answers == {b"a b old ", b"a b new "}
    lines = laptop.log_lines(f"{LOGS}/update")
    shares = [line.split()[0] for line in lines if " of the calls go to update-2" in line]
    assert shares == ["50%", "100%"]
    eventually(lambda: len(folders(laptop.cloud.state_dir, "update")) == 1)


def test_errors_of_the_new_configuration_roll_its_update_back(laptop: Toys) -> None:
    """Two processes answer; whoever asks is answered again by the old one alone."""
    serve(laptop, "guarded", b"old")
    laptop.create_config("guarded-2", b"new")
    dimensions = {"EndpointName": "guarded", "VariantName": "AllTraffic"}
    laptop.cloud.client("cloudwatch").put_metric_alarm(
        AlarmName="tagline--guarded-new-5xx",
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=[
            {"Name": name, "Value": value}
            for name, value in (dimensions | {"EndpointConfigName": "guarded-2"}).items()
        ],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )
    with pytest.raises(laptop.runtime.exceptions.ModelError):  # the old one's own do not count
        laptop.invoke("guarded", b"server")
    routing = {
        "Type": "CANARY",
        "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
        "WaitIntervalInSeconds": 60,
    }
    laptop.sagemaker.update_endpoint(
        EndpointName="guarded",
        EndpointConfigName="guarded-2",
        DeploymentConfig={
            "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing},
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "tagline--guarded-new-5xx"}]},
        },
    )
    words = {"ContentType": "a", "Accept": "b"}
    eventually(lambda: laptop.invoke("guarded", b"", **words) == b"a b new ")

    def rolled_back() -> bool:
        with pytest.raises(laptop.runtime.exceptions.ModelError):
            laptop.invoke("guarded", b"server")
        described = laptop.sagemaker.describe_endpoint(EndpointName="guarded")
        status: str = described["EndpointStatus"]
        return status == "InService"

    eventually(rolled_back)
    endpoint = laptop.settled("guarded")
    assert endpoint["EndpointConfigName"] == "guarded-1"
    assert "alarm tagline--guarded-new-5xx is in the state ALARM" in endpoint["FailureReason"]
    assert {laptop.invoke("guarded", b"", **words) for _ in range(9)} == {b"a b old "}


def test_an_update_to_a_broken_model_is_rolled_back(laptop: Toys) -> None:
    serve(laptop, "rollback", b"old")
    laptop.create_config("rollback-2", b"broken")
    laptop.sagemaker.update_endpoint(EndpointName="rollback", EndpointConfigName="rollback-2")
    endpoint = laptop.settled("rollback")
    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["EndpointConfigName"] == "rollback-1"
    assert "exit code 1 before it was healthy" in endpoint["FailureReason"]
    assert laptop.invoke("rollback", b"", ContentType="a", Accept="b") == b"a b old "
    lines = laptop.log_lines(f"{LOGS}/rollback")
    assert "this model cannot be loaded" in lines
    eventually(lambda: len(folders(laptop.cloud.state_dir, "rollback")) == 1)


def test_an_alarm_rolls_an_update_back(laptop: Toys) -> None:
    serve(laptop, "alarmed", b"old")
    laptop.create_config("alarmed-2", b"new")
    cloudwatch = laptop.cloud.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="too-many-errors",
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.set_alarm_state(
        AlarmName="too-many-errors", StateValue="ALARM", StateReason="a test"
    )
    alarms = {"Alarms": [{"AlarmName": "too-many-errors"}]}
    laptop.sagemaker.update_endpoint(
        EndpointName="alarmed",
        EndpointConfigName="alarmed-2",
        DeploymentConfig={"AutoRollbackConfiguration": alarms},
    )
    endpoint = laptop.settled("alarmed")
    assert endpoint["EndpointConfigName"] == "alarmed-1"
    assert "alarm too-many-errors is in the state ALARM" in endpoint["FailureReason"]


def test_an_endpoint_that_cannot_serve_fails_and_can_be_deleted(laptop: Toys) -> None:
    laptop.create_config("broken-1", b"broken")
    laptop.sagemaker.create_endpoint(EndpointName="broken", EndpointConfigName="broken-1")
    endpoint = laptop.settled("broken")
    assert endpoint["EndpointStatus"] == "Failed"
    assert "exit code 1 before it was healthy" in endpoint["FailureReason"]
    laptop.sagemaker.delete_endpoint(EndpointName="broken")

    def gone() -> bool:
        return not laptop.sagemaker.list_endpoints(NameContains="broken")["Endpoints"]

    eventually(gone)
    assert not (laptop.cloud.state_dir / "endpoints" / "broken").exists()
    with pytest.raises(ClientError, match="Could not find endpoint"):
        laptop.sagemaker.describe_endpoint(EndpointName="broken")


def test_a_server_that_dies_is_started_again(laptop: Toys) -> None:
    serve(laptop, "mortal", b"alive")
    with pytest.raises(ClientError, match="ServiceUnavailable"):
        laptop.invoke("mortal", b"die")
    assert laptop.invoke("mortal", b"", ContentType="a", Accept="b") == b"a b alive "
    assert any("exit code 7" in line for line in laptop.log_lines(f"{LOGS}/mortal"))


def answer_of(laptop: Toys, endpoint: str) -> bytes | None:
    """Return an endpoint's answer, None while its server is away."""
    try:
        return laptop.invoke(endpoint, b"", ContentType="a", Accept="b")
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "ServiceUnavailable":
            raise
        return None


def test_a_server_that_dies_again_and_again_comes_back_each_time(laptop: Toys) -> None:
    serve(laptop, "phoenix", b"alive")

    for _ in range(3):
        with pytest.raises(ClientError, match="ServiceUnavailable"):
            laptop.invoke("phoenix", b"die")  # boto asks twice: six deaths
        answer = eventually(lambda: answer_of(laptop, "phoenix"), 60)
        assert answer == b"a b alive "
    endpoint = laptop.sagemaker.describe_endpoint(EndpointName="phoenix")
    assert endpoint["EndpointStatus"] == "InService"
    lines = laptop.log_lines(f"{LOGS}/phoenix")
    pauses = [line.partition("again")[2] for line in lines if "ended by itself" in line]
    assert pauses[:4] == ["", " in 0.5 s", " in 1 s", " in 2 s"]


@pytest.mark.parametrize(
    ("deaths", "pause"),
    [(1, 0.0), (2, 0.5), (3, 1.0), (7, 16.0), (8, 30.0), (9, 30.0), (10**6, 30.0)],
)
def test_pauses_grow_up_to_half_a_minute(deaths: int, pause: float) -> None:
    assert pause_before(deaths) == pause


def test_models_need_an_artifact_and_an_image(laptop: Toys) -> None:
    container = {"Image": "r/toy_echo:1", "ModelDataUrl": "s3://toys/no/model.tar.gz"}
    with pytest.raises(ClientError, match="Could not find model data"):
        laptop.sagemaker.create_model(
            ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer=container
        )
    with pytest.raises(ClientError, match="unheard-of"):
        laptop.sagemaker.create_model(
            ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "r/unheard-of:1"}
        )
    laptop.create_config("twice", b"x")
    variants = laptop.sagemaker.describe_endpoint_config(EndpointConfigName="twice")
    two = [{**variants["ProductionVariants"][0], "VariantName": name} for name in ("a", "b")]
    with pytest.raises(ClientError, match="2 production variants"):
        laptop.sagemaker.create_endpoint_config(EndpointConfigName="two", ProductionVariants=two)
    listed = laptop.sagemaker.list_models(NameContains="twice")["Models"]
    assert [item["ModelName"] for item in listed] == ["twice"]
    laptop.sagemaker.delete_endpoint_config(EndpointConfigName="twice")
    laptop.sagemaker.delete_model(ModelName="twice")
    with pytest.raises(ClientError, match="Could not find model"):
        laptop.sagemaker.describe_model(ModelName="twice")
