"""Tuning and processing jobs of the laptop cloud, seen through boto3."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.laptop_sagemaker import BUCKET, METRIC, REGISTRY, ROLE, Toys, add_toys
from tests.laptop import LaptopCloud, eventually

pytestmark = pytest.mark.cloud


@pytest.fixture
def laptop(laptop_cloud: LaptopCloud) -> Toys:
    add_toys(laptop_cloud.root)
    return Toys(laptop_cloud)


def tuning(laptop: Toys, name: str, strategy: str = "Random", jobs: int = 4) -> dict[str, Any]:
    definition = laptop.training("unused")
    del definition["TrainingJobName"]
    definition["StaticHyperParameters"] = definition.pop("HyperParameters")
    x = {"Name": "x", "MinValue": "0.01", "MaxValue": "1", "ScalingType": "Logarithmic"}
    config = {
        "Strategy": strategy,
        "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": METRIC},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": jobs, "MaxParallelTrainingJobs": 2},
        "ParameterRanges": {
            "IntegerParameterRanges": [{"Name": "n", "MinValue": "2", "MaxValue": "5"}],
            "ContinuousParameterRanges": [x],
        },
        "RandomSeed": 7,
    }
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": config,
        "TrainingJobDefinition": definition,
    }


def trials(laptop: Toys, name: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (
        laptop.sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=name, MaxResults=100
        )["TrainingJobSummaries"]
    )
    return listed


@pytest.mark.parametrize(("strategy", "jobs"), [("Random", 4), ("Bayesian", 6)])
def test_the_best_of_real_trials_is_found(laptop: Toys, strategy: str, jobs: int) -> None:
    name = f"tune-{strategy}"
    laptop.sagemaker.create_hyper_parameter_tuning_job(**tuning(laptop, name, strategy, jobs))

    job = laptop.ended("HyperParameterTuningJob", name)

    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["TrainingJobStatusCounters"]["Completed"] == jobs
    assert job["ObjectiveStatusCounters"] == {"Succeeded": jobs, "Pending": 0, "Failed": 0}
    tried = trials(laptop, name)
    assert sorted(item["TrainingJobName"].rsplit("-", 1)[0] for item in tried) == [
        f"{name}-{number:03d}" for number in range(1, jobs + 1)
    ]
    scores = {}
    for item in tried:
        values = item["TunedHyperParameters"]
        assert 0.01 <= float(values["x"]) <= 1
        assert values["n"] in ("2", "3", "4", "5")
        trained = laptop.sagemaker.describe_training_job(TrainingJobName=item["TrainingJobName"])
        assert trained["TuningJobArn"] == job["HyperParameterTuningJobArn"]
        assert trained["HyperParameters"] == {**values, "_tuning_objective_metric": METRIC}
        scores[item["TrainingJobName"]] = trained["FinalMetricDataList"][0]["Value"]
    best = job["BestTrainingJob"]
    assert best["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == max(scores.values())
    assert scores[best["TrainingJobName"]] == max(scores.values())
    assert len({item["TunedHyperParameters"]["x"] for item in tried}) == jobs
    by_score = laptop.sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name,
        SortBy="FinalObjectiveMetricValue",
        SortOrder="Descending",
        MaxResults=1,
    )["TrainingJobSummaries"]
    assert [item["TrainingJobName"] for item in by_score] == [best["TrainingJobName"]]
    listed = laptop.sagemaker.list_hyper_parameter_tuning_jobs(NameContains=name)
    (summary,) = listed["HyperParameterTuningJobSummaries"]
    assert summary["Strategy"] == strategy
    assert summary["TrainingJobStatusCounters"]["Completed"] == jobs


def hyperband(laptop: Toys, name: str, most: int | None, **static: str) -> dict[str, Any]:
    """Start a Hyperband tuning job of three fading trials, one at a time; return its end."""
    request = tuning(laptop, name, "Hyperband", jobs=3)
    config = request["HyperParameterTuningJobConfig"]
    config["ResourceLimits"]["MaxParallelTrainingJobs"] = 1
    resources = {"MinResource": 1, **({"MaxResource": most} if most else {})}
    config["StrategyConfig"] = {"HyperbandStrategyConfig": resources}
    request["TrainingJobDefinition"]["StaticHyperParameters"] = {"mode": "fade", **static}
    laptop.sagemaker.create_hyper_parameter_tuning_job(**request)
    return laptop.ended("HyperParameterTuningJob", name)


def test_hyperband_stops_bad_trials_early_and_keeps_the_good_one(laptop: Toys) -> None:
    job = hyperband(laptop, "tune-band", None, epochs="2")
    assert job["HyperParameterTuningJobStatus"] == "Completed", job
    assert job["TrainingJobStatusCounters"]["Completed"] == 1
    assert job["TrainingJobStatusCounters"]["Stopped"] == 2
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 3, "Pending": 0, "Failed": 0}
    tried = trials(laptop, "tune-band")
    assert [item["TrainingJobStatus"] for item in tried] == ["Completed", "Stopped", "Stopped"]
    assert job["BestTrainingJob"]["TrainingJobName"] == tried[0]["TrainingJobName"]
    final = [item["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for item in tried]
    assert final == [2.0, 0.5, pytest.approx(1 / 3)]
    assert len({item["TunedHyperParameters"]["x"] for item in tried}) == 3
    stopped = laptop.sagemaker.describe_training_job(TrainingJobName=tried[1]["TrainingJobName"])
    assert stopped["SecondaryStatus"] == "Stopped"


def test_hyperband_stops_a_trial_that_trains_on_after_its_last_epoch(laptop: Toys) -> None:
    job = hyperband(laptop, "tune-over", 2, epochs="3", endless="1")
    assert job["HyperParameterTuningJobStatus"] == "Completed", job
    assert job["TrainingJobStatusCounters"]["Stopped"] == 3
    assert job["BestTrainingJob"]["TrainingJobName"].startswith("tune-over-001-")
    assert job["BestTrainingJob"]["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == 3.0


def test_early_stopping_ends_a_trial_that_does_worse_than_most(laptop: Toys) -> None:
    """The toy's first trial ends; of its value in each epoch the others have a part alone."""
    request = tuning(laptop, "tune-early", jobs=4)
    config = request["HyperParameterTuningJobConfig"]
    config["TrainingJobEarlyStoppingType"] = "Auto"
    config["ResourceLimits"]["MaxParallelTrainingJobs"] = 1
    static = {"mode": "fade", "epochs": "3", "good": "2"}
    request["TrainingJobDefinition"]["StaticHyperParameters"] = static
    laptop.sagemaker.create_hyper_parameter_tuning_job(**request)
    job = laptop.ended("HyperParameterTuningJob", "tune-early")
    tried = trials(laptop, "tune-early")
    assert [item["TrainingJobStatus"] for item in tried] == [
        *("Completed", "Completed", "Stopped", "Stopped")
    ]
    assert job["BestTrainingJob"]["TrainingJobName"] == tried[0]["TrainingJobName"]
    values = [item["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for item in tried]
    assert values[2] == pytest.approx(1 / 3)


def test_failed_trials_are_borne_while_one_succeeds(laptop: Toys) -> None:
    request = tuning(laptop, "tune-some", "Grid")
    config = request["HyperParameterTuningJobConfig"]
    modes = {"Name": "mode", "Values": ["explain", "train", "mute"]}
    config["ParameterRanges"] = {"CategoricalParameterRanges": [modes]}
    laptop.sagemaker.create_hyper_parameter_tuning_job(**request)
    job = laptop.ended("HyperParameterTuningJob", "tune-some")
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["TrainingJobStatusCounters"]["NonRetryableError"] == 1
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 1, "Pending": 0, "Failed": 2}
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"mode": "train"}
    assert len(trials(laptop, "tune-some")) == 3  # the grid has no more


def test_a_tuning_job_of_failures_fails(laptop: Toys) -> None:
    request = tuning(laptop, "tune-none", jobs=2)
    request["TrainingJobDefinition"]["StaticHyperParameters"] = {"mode": "explain"}
    laptop.sagemaker.create_hyper_parameter_tuning_job(**request)
    job = laptop.ended("HyperParameterTuningJob", "tune-none")
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert "All training jobs failed" in job["FailureReason"]
    assert "the labels are upside down" in job["FailureReason"]
    assert "BestTrainingJob" not in job


def test_a_tuning_job_can_be_stopped(laptop: Toys) -> None:
    request = tuning(laptop, "tune-stop", jobs=50)
    request["TrainingJobDefinition"]["StaticHyperParameters"] = {"mode": "endless"}
    laptop.sagemaker.create_hyper_parameter_tuning_job(**request)
    eventually(lambda: len(trials(laptop, "tune-stop")) == 2)
    laptop.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="tune-stop")
    job = laptop.ended("HyperParameterTuningJob", "tune-stop")
    assert job["HyperParameterTuningJobStatus"] == "Stopped"
    assert job["TrainingJobStatusCounters"]["Stopped"] == 2


@pytest.mark.parametrize(
    ("member", "value", "told"),
    [
        ("Strategy", "Hyperband", "MaxResource is required"),
        ("Strategy", "Simulated", "must be one of"),
        ("StrategyConfig", {"HyperbandStrategyConfig": {"MaxResource": 9}}, "goes with Strategy"),
        ("TrainingJobEarlyStoppingType", "Never", "must be one of"),
        ("ParameterRanges", {}, "ParameterRanges"),
        (
            "ParameterRanges",
            {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "2", "MaxValue": "1"}]},
            "must not be above",
        ),
        (
            "HyperParameterTuningJobObjective",
            {"Type": "Maximize", "MetricName": "unheard-of"},
            "not among the MetricDefinitions",
        ),
    ],
)
def test_a_search_that_makes_no_sense_is_refused(
    laptop: Toys, member: str, value: Any, told: str
) -> None:
    request = tuning(laptop, "tune-refused")
    request["HyperParameterTuningJobConfig"][member] = value
    with pytest.raises(ClientError, match=told):
        laptop.sagemaker.create_hyper_parameter_tuning_job(**request)


def test_a_tuning_name_is_short(laptop: Toys) -> None:
    with pytest.raises(ClientError, match="length of 32 or less"):
        laptop.sagemaker.create_hyper_parameter_tuning_job(**tuning(laptop, "t" * 33))


def processing(laptop: Toys, name: str, text: bytes) -> dict[str, Any]:
    source = {
        "S3Uri": laptop.put(f"words/{name}/a.txt", text).removesuffix("a.txt"),
        "LocalPath": "/opt/ml/processing/input/words",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
    }
    target = {
        "S3Uri": f"s3://{BUCKET}/processed/{name}",
        "LocalPath": "/opt/ml/processing/output",
        "S3UploadMode": "EndOfJob",
    }
    return {
        "ProcessingJobName": name,
        "AppSpecification": {
            "ImageUri": f"{REGISTRY}/toy_words:1",
            "ContainerArguments": ["evaluate", "--all"],
        },
        "ProcessingInputs": [{"InputName": "words", "S3Input": source}],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "o", "S3Output": target}]},
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
            }
        },
        "Environment": {"MARK": "!"},
        "RoleArn": ROLE,
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }


def test_a_processing_job_reads_and_writes_s3(laptop: Toys) -> None:
    laptop.sagemaker.create_processing_job(**processing(laptop, "upper", b"abc"))
    job = laptop.ended("ProcessingJob", "upper")
    assert job["ProcessingJobStatus"] == "Completed"
    assert job["ExitMessage"] == "all upper case"
    assert laptop.get(f"s3://{BUCKET}/processed/upper/up/a.txt") == b"ABC!"
    lines = laptop.log_lines("/aws/sagemaker/ProcessingJobs", "upper/algo-1-")
    assert lines == ["processing ['evaluate', '--all']"]


def test_a_failed_processing_job_says_why(laptop: Toys) -> None:
    laptop.sagemaker.create_processing_job(**processing(laptop, "bad", b"bad"))
    job = laptop.ended("ProcessingJob", "bad")
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["ExitMessage"] == "the words are bad"
    assert job["FailureReason"] == "AlgorithmError: the words are bad, exit code: 2"
    with pytest.raises(laptop.s3.exceptions.NoSuchKey):
        laptop.get(f"s3://{BUCKET}/processed/bad/up/a.txt")


def test_a_processing_job_can_be_stopped(laptop: Toys) -> None:
    laptop.sagemaker.create_processing_job(**processing(laptop, "wait", b"wait"))
    describe = laptop.sagemaker.describe_processing_job
    eventually(lambda: "ProcessingStartTime" in describe(ProcessingJobName="wait"))
    laptop.sagemaker.stop_processing_job(ProcessingJobName="wait")
    job = laptop.ended("ProcessingJob", "wait")
    assert job["ProcessingJobStatus"] == "Stopped"
    with pytest.raises(ClientError, match="Could not find requested job with name: unheard-of"):
        laptop.sagemaker.stop_processing_job(ProcessingJobName="unheard-of")


def test_a_processing_path_outside_is_refused(laptop: Toys) -> None:
    request = processing(laptop, "outside", b"abc")
    request["ProcessingInputs"][0]["S3Input"]["LocalPath"] = "/opt/ml/processing/../../etc"
    with pytest.raises(ClientError, match="is not under /opt/ml/processing"):
        laptop.sagemaker.create_processing_job(**request)
