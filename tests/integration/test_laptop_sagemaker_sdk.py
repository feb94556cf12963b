"""What SageMaker's SDKs ask for that nothing else does, seen through boto3."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.laptop_sagemaker import BUCKET, METRIC, ROLE, Toys, add_toys
from tests.laptop import LaptopCloud, add_container

pytestmark = pytest.mark.cloud
BUILT_IN = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
SAYS_ACCURACY = 'print("Epoch[0] Train-accuracy=0.5\\nEpoch[0] Validation-accuracy=0.75")'


@pytest.fixture
def laptop(laptop_cloud: LaptopCloud) -> Toys:
    add_toys(laptop_cloud.root)
    return Toys(laptop_cloud)


def transform(laptop: Toys, name: str, objects: dict[str, bytes], **members: Any) -> dict[str, Any]:
    """Ask a model that answers `<type> <accept> echo <body>` about objects; return how it ended."""
    laptop.create_config(name, b"echo")
    for key, body in objects.items():
        laptop.put(f"{name}/in/{key}", body)
    split = members.pop("split", {})
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{name}/in/"}
    laptop.sagemaker.create_transform_job(
        TransformJobName=name,
        ModelName=name,
        TransformInput={"DataSource": {"S3DataSource": source}, "ContentType": "a/b", **split},
        TransformOutput={"S3OutputPath": f"s3://{BUCKET}/{name}/out", "Accept": "c/d"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **members,
    )
    return laptop.ended("TransformJob", name)


def test_a_transform_asks_about_every_object(laptop: Toys) -> None:
    job = transform(laptop, "every", {"one": b"1", "deep/two": b"2\n2"}, MaxConcurrentTransforms=2)
    assert job["TransformJobStatus"] == "Completed"
    assert job["TransformOutput"]["KmsKeyId"] == ""
    assert laptop.get(f"s3://{BUCKET}/every/out/one.out") == b"a/b c/d echo 1"
    assert laptop.get(f"s3://{BUCKET}/every/out/deep/two.out") == b"a/b c/d echo 2\n2"
    listed = laptop.sagemaker.list_transform_jobs(NameContains="every")["TransformJobSummaries"]
    assert [item["TransformJobStatus"] for item in listed] == ["Completed"]


@pytest.mark.parametrize(
    ("strategy", "answer"),
    [
        ("SingleRecord", b"a/b c/d echo 1\na/b c/d echo 2\n"),
        ("MultiRecord", b"a/b c/d echo 1\n2\n"),
    ],
)
def test_lines_go_one_by_one_or_together(laptop: Toys, strategy: str, answer: bytes) -> None:
    name = f"lines-{strategy}"
    transform(laptop, name, {"all": b"1\n2\n"}, split={"SplitType": "Line"}, BatchStrategy=strategy)
    assert laptop.get(f"s3://{BUCKET}/{name}/out/all.out") == answer


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"client", r"bad-client/in/bad: the model answered 415: .*unsupported_image"),
        (b"x" * (2**20 + 1), r"1048577 bytes are above MaxPayloadInMB, 1"),
    ],
    ids=["client", "large"],
)
def test_a_transform_that_fails_says_at_which_object(
    laptop: Toys, request: pytest.FixtureRequest, body: bytes, told: str
) -> None:
    name = f"bad-{request.node.callspec.id}"
    job = transform(laptop, name, {"bad": body}, MaxPayloadInMB=1)
    assert job["TransformJobStatus"] == "Failed"
    with pytest.raises(AssertionError, match=told):
        raise AssertionError(job["FailureReason"])


def test_a_transform_of_no_object_fails(laptop: Toys) -> None:
    job = transform(laptop, "nothing", {})
    assert "no S3 objects found under S3 URL" in job["FailureReason"]


def test_the_debugger_and_the_profiler_are_accepted(laptop: Toys) -> None:
    request = laptop.training("debugged")
    request["DebugHookConfig"] = {
        "S3OutputPath": f"s3://{BUCKET}/d",
        "CollectionConfigurations": [],
    }
    request["ProfilerConfig"] = {"S3OutputPath": f"s3://{BUCKET}/p", "DisableProfiler": False}
    laptop.sagemaker.create_training_job(**request)
    job = laptop.trained("debugged")
    assert job["TrainingJobStatus"] == "Completed"
    assert job["OutputDataConfig"]["KmsKeyId"] == ""
    assert laptop.sagemaker.describe_training_job(TrainingJobName="debugged")["DebugHookConfig"]


def test_metrics_are_told_to_cloudwatch(laptop: Toys) -> None:
    laptop.sagemaker.create_training_job(**laptop.training("told", x="0.7"))
    job = laptop.trained("told")
    found = laptop.cloud.client("cloudwatch").get_metric_statistics(
        Namespace="/aws/sagemaker/TrainingJobs",
        MetricName=METRIC,
        Dimensions=[{"Name": "TrainingJobName", "Value": "told"}],
        StartTime=job["TrainingStartTime"],
        EndTime=job["TrainingEndTime"].timestamp() + 60,
        Period=3600,
        Statistics=["SampleCount", "Maximum", "Average"],
    )["Datapoints"]
    assert sum(point["SampleCount"] for point in found) == 2
    assert max(point["Maximum"] for point in found) == 1.0


def tuning(laptop: Toys, name: str, image: str, metric: str, **machines: Any) -> dict[str, Any]:
    one = laptop.training("unused")
    algorithm = {**one["AlgorithmSpecification"], "TrainingImage": image}
    if metric != METRIC:
        del algorithm["MetricDefinitions"]
    laptop.sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name,
        HyperParameterTuningJobConfig={
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": metric},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1},
            "ParameterRanges": {
                "ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "1"}]
            },
        },
        TrainingJobDefinition={
            "StaticHyperParameters": {},
            "AlgorithmSpecification": algorithm,
            "RoleArn": ROLE,
            "OutputDataConfig": one["OutputDataConfig"],
            "StoppingCondition": one["StoppingCondition"],
            **machines,
        },
    )
    return laptop.ended("HyperParameterTuningJob", name)


MACHINES = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}


@pytest.mark.parametrize(
    "given", [MACHINES, {"InstanceConfigs": [MACHINES, {**MACHINES, "InstanceCount": 2}]}]
)
def test_a_search_has_machines_by_the_sdks_name(
    laptop: Toys, request: pytest.FixtureRequest, given: dict[str, Any]
) -> None:
    name = "machines-1" if given is MACHINES else "machines-2"
    image = "team/toy_trainer:1"
    job = tuning(laptop, name, image, METRIC, HyperParameterTuningResourceConfig=given)
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    definition = job["TrainingJobDefinition"]
    assert definition["StaticHyperParameters"] == {"_tuning_objective_metric": METRIC}
    assert definition["ResourceConfig"] == MACHINES
    best = job["BestTrainingJob"]["TrainingJobName"]
    trial = laptop.sagemaker.describe_training_job(TrainingJobName=best)
    assert trial["ResourceConfig"] == MACHINES
    assert trial["HyperParameters"]["_tuning_objective_metric"] == METRIC


def test_a_search_names_its_machines_in_one_place(laptop: Toys) -> None:
    twice = {"HyperParameterTuningResourceConfig": MACHINES, "ResourceConfig": MACHINES}
    with pytest.raises(ClientError, match="not both"):
        tuning(laptop, "twice", "team/toy_trainer:1", METRIC, **twice)
    with pytest.raises(ClientError, match=r"ResourceConfig\.InstanceType is required"):
        tuning(laptop, "none", "team/toy_trainer:1", METRIC)


def test_a_built_in_algorithms_metrics_are_predefined(laptop: Toys) -> None:
    link = laptop.cloud.root / "containers/image-classification"
    if link.is_symlink():
        link.unlink()
    words = json.dumps(["/opt/venv/bin/python", "-c", SAYS_ACCURACY])
    dockerfile = f"FROM scratch\nENTRYPOINT {words}\n"
    add_container(laptop.cloud.root, "image-classification", dockerfile, "")
    job = tuning(laptop, "accurate", BUILT_IN, "validation:accuracy", ResourceConfig=MACHINES)
    assert job["BestTrainingJob"]["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == 0.75
    with pytest.raises(ClientError, match="can't override the metric definitions"):
        tuning(laptop, "overridden", BUILT_IN, METRIC, ResourceConfig=MACHINES)
