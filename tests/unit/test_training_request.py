"""Dataset facts and settings to a training or tuning request."""

import re
from dataclasses import replace
from typing import Any

import pytest

from tagline.formats.packed import BySide, PackedDataset, PackedFile, PackedFiles
from tagline.formats.reasons import UnusableList
from tagline.formats.tasks import Task
from tagline.jobs.limits import Limits, Spending
from tagline.jobs.sagemaker import Stack
from tagline.jobs.training import objective_of, plan_training
from tagline.pricing.table import PriceList
from tagline.settings import InvalidSettings
from tests.unit.documents import (
    GIB,
    RANGES,
    RUN,
    TRAINING,
    TUNING,
    golden,
    packed_dataset,
    plain,
    settings,
)
from tests.unit.flow_world import assert_valid
from trainer.checkpoint import BestEpoch
from trainer.reached import said

STACK = Stack("tagline", "data", "registry/tagline/trainer:latest", "ml.c5.4xlarge")
ROLE = "arn:aws:iam::123456789012:role/sagemaker"
DATASET = packed_dataset()
ALLOWED = Limits(frozenset({"ml.c5.4xlarge", "ml.m5.12xlarge"}), trials=500, instances=100)
SPENDING = Spending(ALLOWED, PriceList("us-east-1"))


def plan(dataset: PackedDataset = DATASET, **sections: Any) -> dict[str, Any]:
    planned = plan_training(RUN, dataset, settings(**sections), STACK, role=ROLE, spending=SPENDING)
    return plain(planned)


@pytest.mark.parametrize(
    ("name", "sections"),
    [
        ("train_plan", {"training": TRAINING}),
        ("train_plan_defaults", {}),
        (
            "tune_plan",
            {
                "training": TRAINING | {"instance_type": "ml.m5.12xlarge"},
                "tuning": TUNING | {"ranges": RANGES},
            },
        ),
        ("tune_plan_some", {"training": TRAINING, "tuning": TUNING | {"strategy": "Random"}}),
    ],
)
def test_the_request_is_the_one_that_is_kept(name: str, sections: dict[str, Any]) -> None:
    assert plan(**sections) == {"format": 1} | golden(name)


def searched(**tuning: Any) -> dict[str, Any]:
    planned = plan(training={"epochs": 27}, tuning=TUNING | tuning)
    named = {"HyperParameterTuningJobName": f"{planned['job_name']}-000"}
    assert_valid("CreateHyperParameterTuningJob", named | planned["request"])
    config: dict[str, Any] = planned["request"]["HyperParameterTuningJobConfig"]
    return config


def test_hyperband_has_the_models_line_beside_one_an_epoch() -> None:
    config = searched(strategy="Hyperband")
    assert config["Strategy"] == "Hyperband"
    assert config["StrategyConfig"] == {
        "HyperbandStrategyConfig": {"MinResource": 3, "MaxResource": 28}
    }
    assert config["TrainingJobEarlyStoppingType"] == "Off"


def test_sizes_are_searched_as_shapes() -> None:
    planned = plan(tuning=TUNING | {"ranges": {"image_size": [64, 80]}, "max_jobs": 2})
    request = planned["request"]
    (found,) = request["HyperParameterTuningJobConfig"]["ParameterRanges"][
        "CategoricalParameterRanges"
    ]
    assert found == {"Name": "image_shape", "Values": ["3,64,64", "3,80,80"]}
    assert "image_shape" not in request["TrainingJobDefinition"]["StaticHyperParameters"]


def test_trials_may_be_stopped_early() -> None:
    config = searched(strategy="Bayesian", early_stopping=True)
    assert config["TrainingJobEarlyStoppingType"] == "Auto"
    assert "StrategyConfig" not in config


def test_a_training_job_that_sagemaker_takes() -> None:
    planned = plan()
    assert (planned["mode"], planned["job_name"]) == ("train", "tagline--0123456789abcdef-train")
    assert planned["timeout"] == 86400 + 3600
    named = {"TrainingJobName": f"{planned['job_name']}-0", "RoleArn": ROLE}
    assert_valid("CreateTrainingJob", named | planned["request"])


def test_channels_end_in_a_slash_so_that_no_neighbour_slips_in() -> None:
    channels = {
        channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"]
        for channel in plan()["request"]["InputDataConfig"]
    }
    prefix = f"s3://data/demo/runs/{RUN}/"
    assert channels == {
        "train": f"{prefix}training/",
        "validation": f"{prefix}validation/",
        "dataset": f"{prefix}dataset.json",
    }


def test_hyperparameters_are_strings_and_complete() -> None:
    given = plan(training={"learning_rate": 0.002, "epochs": 7, "use_weighted_loss": True})
    values = given["request"]["HyperParameters"]
    assert all(isinstance(value, str) for value in values.values())
    assert (
        values
        | {
            "learning_rate": "0.002",
            "epochs": "7",
            "loss": "weighted",
            "image_shape": "3,80,80",
            "num_classes": "3",
            "num_training_samples": "800",
            "run": RUN,
        }
        == values
    )


def test_what_settings_leave_open_follows_the_size_of_the_dataset() -> None:
    small = plan(packed_dataset(train=20))["request"]["HyperParameters"]
    assert small["mini_batch_size"] == "20"
    wanted = plan(
        packed_dataset(train=20),
        training={"mini_batch_size": 5, "augmentation_type": "none"},
    )
    values = wanted["request"]["HyperParameters"]
    assert (values["mini_batch_size"], values["augmentation_type"]) == ("5", "none")
    assert float(values["learning_rate"]) < float(small["learning_rate"])


def test_a_tuning_job_that_sagemaker_takes() -> None:
    ranges = {
        "learning_rate": [0.0001, 0.01],
        "mini_batch_size": [16, 64],
        "optimizer": ["adam", "sgd"],
        "weight_decay": [0, 0.1],
        "use_weighted_loss": [True, False],
    }
    planned = plan(tuning={"max_jobs": 6, "max_parallel_jobs": 2, "ranges": ranges})
    name = f"{planned['job_name']}-0"
    assert planned["mode"] == "tune"
    assert len(name) <= 32
    assert planned["timeout"] == 3 * (86400 + 3600)
    assert_valid(
        "CreateHyperParameterTuningJob",
        {"HyperParameterTuningJobName": name} | planned["request"],
    )
    search = planned["request"]["HyperParameterTuningJobConfig"]["ParameterRanges"]
    fixed = planned["request"]["TrainingJobDefinition"]["StaticHyperParameters"]
    searched = {r["Name"] for kind in search.values() for r in kind}
    assert searched == set(ranges)
    assert not searched & set(fixed)
    scales = {r["Name"]: r["ScalingType"] for r in search["ContinuousParameterRanges"]}
    assert scales == {"learning_rate": "Logarithmic", "weight_decay": "Linear"}
    choices = {r["Name"]: r["Values"] for r in search["CategoricalParameterRanges"]}
    assert choices["use_weighted_loss"] == ["1", "0"]


def test_the_newer_settings_arrive_and_go_before_the_quality() -> None:
    wanted = {
        "loss": "asymmetric",
        "label_smoothing": 0.03,
        "dropout": 0.4,
        "early_stopping_patience": 7,
        "weight_averaging": 0.97,
        "views": 3,
        "augmentation_type": "crop_color",
        "epochs": 17,
    }
    values = plan(quality="thorough", training=wanted)["request"]["HyperParameters"]
    assert {name: values[name] for name in wanted} == {k: str(v) for k, v in wanted.items()}


def test_the_quality_decides_what_training_does_not_name() -> None:
    fast, thorough = (
        plan(quality=quality)["request"]["HyperParameters"] for quality in ("fast", "thorough")
    )
    assert int(thorough["epochs"]) >= 16 * int(fast["epochs"])
    assert (fast["augmentation_type"], thorough["augmentation_type"]) == ("crop", "geometric")


def test_the_newer_settings_can_be_searched() -> None:
    ranges = {
        "loss": ["bce", "asymmetric"],
        "label_smoothing": [0, 0.1],
        "dropout": [0, 0.5],
        "early_stopping_patience": [3, 9],
        "weight_averaging": [0, 0.999],
        "views": [1, 4],
    }
    config = plan(tuning={"ranges": ranges})["request"]["HyperParameterTuningJobConfig"]
    kinds = config["ParameterRanges"]
    names = {kind: sorted(r["Name"] for r in found) for kind, found in kinds.items()}
    assert names == {
        "ContinuousParameterRanges": ["dropout", "label_smoothing", "weight_averaging"],
        "IntegerParameterRanges": ["early_stopping_patience", "views"],
        "CategoricalParameterRanges": ["loss"],
    }


def test_the_older_name_of_the_weighted_loss_is_searched_alone() -> None:
    fixed = plan(tuning={"ranges": {"use_weighted_loss": [True, False]}})["request"][
        "TrainingJobDefinition"
    ]["StaticHyperParameters"]
    assert "loss" not in fixed
    assert "use_weighted_loss" not in fixed


def test_single_labels_are_searched_by_what_their_trainer_prints() -> None:
    """Each metric is read from the line of an epoch."""
    ranges = {"ranges": {"learning_rate": [0.001, 0.01]}}
    request = plan(packed_dataset(task=Task.SINGLE), tuning=ranges)["request"]
    assert request["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"] == {
        "Type": "Maximize",
        "MetricName": "validation:macro_recall",
    }
    job = request["TrainingJobDefinition"]
    assert job["StaticHyperParameters"]["task"] == "single"
    numbers = BestEpoch(3, 0.5, 0.75, 0.25, macro_recall=0.625, top1=0.125, cross_entropy=1.5)
    read = {
        metric["Name"]: float(re.findall(metric["Regex"], said(numbers))[-1])
        for metric in job["AlgorithmSpecification"]["MetricDefinitions"]
    }
    assert read == {
        "epoch": 3,
        "train:loss": 0.5,
        "validation:mAP": 0.75,
        "validation:micro_ap": 0.25,
        "validation:macro_recall": 0.625,
        "validation:top1": 0.125,
        "validation:cross_entropy": 1.5,
    }


def test_a_script_prints_what_it_printed_before() -> None:
    own = settings(
        training={"script": "s3://data/demo/scripts/own.tar.gz", "instance_type": "ml.c5.4xlarge"}
    )
    assert objective_of(own, Task.SINGLE) == "validation:mAP"


def test_a_long_search_never_outlasts_the_execution() -> None:
    planned = plan(tuning={"max_jobs": 500}, training={"max_runtime": 86400})
    assert planned["timeout"] == 30 * 86400


@pytest.mark.parametrize(
    ("changes", "sections", "complaint"),
    [
        ({"validation": 0}, {}, "No image is left for validation"),
        (
            {"train": 20},
            {"training": {"mini_batch_size": 32}},
            r"mini_batch_size reaches 32 but there are 20 .* at most 20",
        ),
        ({"train": 0}, {}, "No image is left for training"),
        ({"positives": {"a": BySide(train=9, validation=0)}}, {}, "no validation image has any"),
        ({"positives": {"a": BySide(train=0, validation=9)}}, {}, "no training image has any"),
        (
            {},
            {"tuning": {"ranges": {"mini_batch_size": [8, 1000]}}},
            r"tuning.ranges.mini_batch_size reaches 1000",
        ),
    ],
)
def test_what_would_fail_after_paid_waiting_fails_now(
    changes: dict[str, Any], sections: dict[str, Any], complaint: str
) -> None:
    with pytest.raises((UnusableList, InvalidSettings), match=complaint):
        plan(packed_dataset(**changes), **sections)


def test_the_last_values_that_work_are_taken() -> None:
    training = {"mini_batch_size": 24}
    tuning = {"max_jobs": 2, "max_parallel_jobs": 2, "ranges": {"mini_batch_size": [8, 24]}}
    planned = plan(packed_dataset(train=24, validation=1), training=training, tuning=tuning)
    assert planned["mode"] == "tune"


def test_instance_and_run_time_follow_the_settings() -> None:
    given = plan(training={"instance_type": "ml.m5.12xlarge", "max_runtime": 600})
    assert given["request"]["ResourceConfig"]["InstanceType"] == "ml.m5.12xlarge"
    assert given["request"]["StoppingCondition"] == {"MaxRuntimeInSeconds": 600}
    assert plan()["request"]["ResourceConfig"]["InstanceType"] == "ml.c5.4xlarge"


def test_the_disk_grows_with_the_data() -> None:
    for size, disk in ((1, 30), (5 * GIB, 30), (5 * GIB + 1, 31), (100 * GIB, 220)):
        dataset = packed_dataset(bytes=BySide(train=size - 1, validation=1))
        assert plan(dataset)["request"]["ResourceConfig"]["VolumeSizeInGB"] == disk


@pytest.mark.parametrize(
    "uri", ["s3://data/demo/output/j/output/model.tar.gz", "s3://zoo/a.params"]
)
def test_the_weights_to_start_from_are_a_channel(uri: str) -> None:
    planned = plan_training(
        RUN,
        DATASET,
        settings(training={"start_from": "champion"}),
        STACK,
        role=ROLE,
        spending=SPENDING,
        start=uri,
    )
    request = plain(planned)["request"]
    last = request["InputDataConfig"][-1]
    assert (last["ChannelName"], last["DataSource"]["S3DataSource"]["S3Uri"]) == ("start", uri)
    assert request["HyperParameters"]["start_from"] == "champion"
    named = {"TrainingJobName": f"{plain(planned)['job_name']}-0", "RoleArn": ROLE}
    assert_valid("CreateTrainingJob", named | request)


def test_each_machine_trains_on_files_of_its_own_that_it_may_leave_in_s3() -> None:
    files = tuple(
        PackedFile(name=f"train-{number:05}.rec", images=1, bytes=GIB, sha256="0")
        for number in range(3)
    )
    dataset = packed_dataset(
        bytes=BySide(train=3 * GIB, validation=8 * GIB), files=PackedFiles(train=files)
    )
    asked = {"instance_count": 3, "input_mode": "fastfile", "shuffle_buffer": 500}
    stack = replace(STACK, torch_image="registry/tagline/trainer-torch:latest")
    wanted = settings(training=asked)
    planned = plan_training(RUN, dataset, wanted, stack, role=ROLE, spending=SPENDING)
    request = plain(planned)["request"]
    train, *others = request["InputDataConfig"]
    assert train["InputMode"] == "FastFile"
    kind = "S3DataDistributionType"
    assert train["DataSource"]["S3DataSource"][kind] == "ShardedByS3Key"
    assert {one["InputMode"] for one in others} == {"File"}
    assert {one["DataSource"]["S3DataSource"][kind] for one in others} == {"FullyReplicated"}
    assert request["ResourceConfig"]["VolumeSizeInGB"] == 36  # of the validation images alone
    assert request["HyperParameters"]["shuffle_buffer"] == "500"
