"""Training and tuning jobs of the laptop cloud, seen through boto3."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.laptop_sagemaker import BUCKET, METRIC, Toys, add_toys
from tests.laptop import LaptopCloud, eventually

pytestmark = pytest.mark.cloud
LOGS = "/aws/sagemaker/TrainingJobs"


@pytest.fixture
def laptop(laptop_cloud: LaptopCloud) -> Toys:
    add_toys(laptop_cloud.root)
    return Toys(laptop_cloud)


def members(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        files = ((item.name, archive.extractfile(item)) for item in archive)
        return {name: file.read() for name, file in files if file is not None}


def test_a_job_trains_under_the_container_contract(laptop: Toys) -> None:
    uri = laptop.put("channels/train/a.rec", b"A")
    laptop.put("channels/train/deep/b.rec", b"B")
    request = laptop.training("full", x="0.7")
    request["Environment"] = {"TAG": "spring", "AWS_ENDPOINT_URL": "http://elsewhere"}
    request["InputDataConfig"] = [
        {
            "ChannelName": "train",
            "ContentType": "application/x-recordio",
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": uri.removesuffix("a.rec"),
                    "S3DataDistributionType": "FullyReplicated",
                }
            },
        }
    ]
    arn = laptop.sagemaker.create_training_job(**request)["TrainingJobArn"]

    job = laptop.trained("full")

    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Completed", "Completed")
    assert [step["Status"] for step in job["SecondaryStatusTransitions"]] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    assert [(m["MetricName"], m["Value"]) for m in job["FinalMetricDataList"]] == [(METRIC, 1.0)]
    artifact = job["ModelArtifacts"]["S3ModelArtifacts"]
    assert artifact == f"s3://{BUCKET}/output/full/output/model.tar.gz"
    model = json.loads(members(laptop.get(artifact))["model.json"])
    assert model == {"hp": {"x": "0.7"}, "args": ["train"]}
    output = members(laptop.get(artifact.replace("model.tar.gz", "output.tar.gz")))
    seen = json.loads(output["seen.json"])
    assert seen["data/train/a.rec"] == "A"
    assert seen["data/train/deep/b.rec"] == "B"
    assert json.loads(seen["config/hyperparameters.json"]) == {"x": "0.7"}
    assert json.loads(seen["config/inputdataconfig.json"])["train"] == {
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
        "ContentType": "application/x-recordio",
    }
    assert json.loads(seen["config/resourceconfig.json"])["hosts"] == ["localhost"]
    assert seen["env"] == {
        "TRAINING_JOB_NAME": "full",
        "TRAINING_JOB_ARN": arn,
        "AWS_REGION": "us-east-1",
        "TAG": "spring",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{laptop.cloud.port}",
    }
    assert laptop.log_lines(LOGS, "full/algo-1-") == [
        "arguments ['train']",
        "epoch=1 validation:score=0.500000",
        "epoch=2 validation:score=1.000000",
    ]
    eventually(lambda: not (laptop.cloud.state_dir / "jobs" / "full").exists())


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("explain", "AlgorithmError: the labels are upside down, exit code: 3"),
        ("silent", "AlgorithmError: no failure file was written"),
    ],
)
def test_a_failing_container_explains_the_job(laptop: Toys, mode: str, reason: str) -> None:
    laptop.sagemaker.create_training_job(**laptop.training(f"fails-{mode}", mode=mode))
    job = laptop.trained(f"fails-{mode}")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Failed", "Failed")
    assert job["FailureReason"].startswith(reason)
    assert "ModelArtifacts" not in job


def test_a_channel_without_objects_fails_the_job(laptop: Toys) -> None:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/nothing/"}
    request = laptop.training("no-data")
    channel = {"ChannelName": "train", "DataSource": {"S3DataSource": source}}
    laptop.sagemaker.create_training_job(**request, InputDataConfig=[channel])
    job = laptop.trained("no-data")
    assert job["TrainingJobStatus"] == "Failed"
    assert "no S3 objects found" in job["FailureReason"]
    assert "nothing/" in job["FailureReason"]


def test_time_that_is_up_stops_the_job_and_keeps_its_model(laptop: Toys) -> None:
    request = laptop.training("overdue", mode="endless")
    request["StoppingCondition"] = {"MaxRuntimeInSeconds": 1}
    request["CheckpointConfig"] = {"S3Uri": f"s3://{BUCKET}/checkpoints/overdue"}
    laptop.sagemaker.create_training_job(**request)
    job = laptop.trained("overdue")
    assert job["TrainingJobStatus"] == "Stopped"
    assert job["SecondaryStatus"] == "MaxRuntimeExceeded"
    assert "model.json" in members(laptop.get(job["ModelArtifacts"]["S3ModelArtifacts"]))
    assert laptop.get(f"s3://{BUCKET}/checkpoints/overdue/epoch-1") == b"1"


def test_metrics_show_while_the_job_runs_and_it_can_be_stopped(laptop: Toys) -> None:
    laptop.sagemaker.create_training_job(**laptop.training("live", mode="endless", x="0.7"))
    describe = laptop.sagemaker.describe_training_job
    running = eventually(
        lambda: (job := describe(TrainingJobName="live"))["FinalMetricDataList"] and job
    )
    assert running["TrainingJobStatus"] == "InProgress"
    assert running["FinalMetricDataList"][0]["Value"] == 0.5
    laptop.sagemaker.stop_training_job(TrainingJobName="live")
    job = laptop.trained("live")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    with pytest.raises(ClientError, match="Stopped"):
        laptop.sagemaker.stop_training_job(TrainingJobName="live")


def test_a_name_is_used_once(laptop: Toys) -> None:
    request = laptop.training("Once", mode="silent")
    laptop.sagemaker.create_training_job(**request, Tags=[{"Key": "team", "Value": "a"}])
    with pytest.raises(laptop.sagemaker.exceptions.ResourceInUse):
        laptop.sagemaker.create_training_job(**request)
    arn = laptop.trained("Once")["TrainingJobArn"]
    laptop.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "run", "Value": "b"}])
    tags = laptop.sagemaker.list_tags(ResourceArn=arn)["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"team": "a", "run": "b"}
    listed = laptop.sagemaker.list_training_jobs(NameContains="once", StatusEquals="Failed")
    assert [job["TrainingJobName"] for job in listed["TrainingJobSummaries"]] == ["Once"]


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("TrainingJobName", "-no-", "must satisfy regular expression"),
        ("TrainingJobName", "n" * 64, "must have a length of 63 or less"),
        ("HyperParameters.epochs", "9" * 2501, "2500"),
        ("ResourceConfig.InstanceCount", 9, "honours only 1"),
        ("ResourceConfig.InstanceCount", 0, "honours only 1"),
        ("ResourceConfig.InstanceType", "ml.z9.huge", "must be one of"),
        ("AlgorithmSpecification.TrainingInputMode", "Pipe", "honours only 'File'"),
        ("AlgorithmSpecification.TrainingImage", "team/unheard-of:1", "does not exist"),
        ("AlgorithmSpecification.MetricDefinitions", [{"Name": "m", "Regex": "("}], "regular"),
        ("OutputDataConfig.CompressionType", "NONE", "honours only 'GZIP'"),
        ("OutputDataConfig.S3OutputPath", "https://bucket/x", "s3://"),
        (
            "DebugRuleConfigurations",
            [{"RuleConfigurationName": "r", "RuleEvaluatorImage": "i"}],
            "does not support it",
        ),
        ("StoppingCondition", None, "StoppingCondition is required"),
    ],
)
def test_what_cannot_be_honoured_is_refused(laptop: Toys, path: str, value: Any, told: str) -> None:
    request: dict[str, Any] = laptop.training("refused")
    *outer, last = path.split(".")
    inner = request
    for part in outer:
        inner = inner[part]
    inner[last] = value
    if value is None:
        del inner[last]
    with pytest.raises(ClientError, match="ValidationException") as refusal:
        laptop.sagemaker.create_training_job(**request)
    assert told in str(refusal.value)
    with pytest.raises(ClientError, match="could not find training job refused"):
        laptop.sagemaker.describe_training_job(TrainingJobName="refused")


def test_an_operation_that_only_aws_has_says_so(laptop: Toys) -> None:
    with pytest.raises(ClientError, match="ListNotebookInstances: the laptop cloud does not"):
        laptop.sagemaker.list_notebook_instances()


def test_state_lies_in_one_readable_file(laptop: Toys) -> None:
    saved = json.loads(Path(laptop.cloud.state_dir, "sagemaker.json").read_text())
    assert "full" in saved["records"]["training-job"]


def test_machines_that_share_a_job_have_a_folder_and_a_log_each(laptop: Toys) -> None:
    request = laptop.training("pair", mode="pair")
    request["ResourceConfig"]["InstanceCount"] = 2
    kinds = {"train": ("FastFile", "ShardedByS3Key"), "validation": (None, "FullyReplicated")}
    request["InputDataConfig"] = []
    for channel, (mode, distribution) in kinds.items():
        for name in ("a.rec", "b.rec", "c.rec"):
            uri = laptop.put(f"pair/{channel}/{name}", b"")
        source = {
            "S3DataType": "S3Prefix",
            "S3Uri": uri.removesuffix("c.rec"),
            "S3DataDistributionType": distribution,
        }
        request["InputDataConfig"].append(
            {
                "ChannelName": channel,
                "DataSource": {"S3DataSource": source},
                **({"InputMode": mode} if mode else {}),
            }
        )
    laptop.sagemaker.create_training_job(**request)
    job = laptop.trained("pair")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    (metric,) = job["FinalMetricDataList"]
    assert metric["Value"] == 1.0, "the first machine's lines alone are read"
    streams = laptop.logs.describe_log_streams(logGroupName=LOGS, logStreamNamePrefix="pair/")
    names = {stream["logStreamName"].rpartition("-")[0] for stream in streams["logStreams"]}
    assert names == {"pair/algo-1", "pair/algo-2"}
    every = "validation File FullyReplicated a.rec b.rec c.rec"
    for machine, own in (("algo-1", "a.rec c.rec"), ("algo-2", "b.rec")):
        said = laptop.log_lines(LOGS, f"pair/{machine}-")
        assert said[1:] == [f"train FastFile ShardedByS3Key {own}", every]


def test_a_machine_that_is_killed_fails_the_job_and_the_others_say_so(laptop: Toys) -> None:
    request = laptop.training("broken", mode="pair", dies="algo-2")
    request["ResourceConfig"]["InstanceCount"] = 2
    laptop.sagemaker.create_training_job(**request)
    job = laptop.trained("broken")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: algo-1 misses another, exit code: 137"
