"""SageMaker's own algorithm: what it is asked for, and what is refused before money is spent."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tagline.formats.image_classification import DEFAULTS, RULES, fault, faults, trains_on
from tagline.formats.registries import ACCOUNTS, image_uri, is_builtin
from tagline.jobs.evaluation import plan_evaluation
from tagline.jobs.limits import Limits, Spending, TooExpensive
from tagline.jobs.sagemaker import Stack
from tagline.jobs.training import plan_training
from tagline.pricing.table import PriceList
from tagline.settings import InvalidSettings, load_settings
from tagline.settings.reading import settings_of
from tests.unit.documents import RUN, packed_dataset, plain
from tests.unit.flow_world import assert_valid

GPU = "ml.g4dn.xlarge"
STACK = Stack("tagline", "data", "registry/trainer:1", GPU, region="eu-west-1")
CPU_STACK = Stack("tagline", "data", "registry/trainer:1", "ml.c5.4xlarge", region="eu-west-1")
ALLOWED = Limits(frozenset({GPU, "ml.c5.4xlarge", "ml.p3.2xlarge"}), trials=500, instances=100)
SPENDING = Spending(ALLOWED, PriceList("eu-west-1"))
ROLE = "arn:aws:iam::123456789012:role/sagemaker"
PACKED = packed_dataset()  # 800 training and 200 validation images of 80 pixels, 3 labels


def plan(stack: Stack = STACK, dataset: Any = PACKED, **sections: Any) -> dict[str, Any]:
    training = {"algorithm": "builtin"} | sections.pop("training", {})
    wanted = settings_of({"training": training, **sections})
    return plain(plan_training(RUN, dataset, wanted, stack, role=ROLE, spending=SPENDING))


def test_the_job_has_the_regions_image_two_channels_and_no_metrics_of_ours() -> None:
    planned = plan()
    request = planned["request"]
    assert request["AlgorithmSpecification"] == {
        "TrainingImage": "685385470294.dkr.ecr.eu-west-1.amazonaws.com/image-classification:1",
        "TrainingInputMode": "File",
    }
    prefix = f"s3://data/demo/runs/{RUN}/"
    assert [
        (it["ChannelName"], it["ContentType"], it["DataSource"]["S3DataSource"]["S3Uri"])
        for it in request["InputDataConfig"]
    ] == [
        ("train", "application/x-recordio", f"{prefix}training/"),
        ("validation", "application/x-recordio", f"{prefix}validation/"),
    ]
    named = {"TrainingJobName": f"{planned['job_name']}-0", "RoleArn": ROLE}
    assert_valid("CreateTrainingJob", named | request)


def test_the_hyperparameters_are_its_own() -> None:
    assert plan()["request"]["HyperParameters"] == {
        "num_classes": "3",
        "num_training_samples": "800",
        "multi_label": "1",
        "use_weighted_loss": "0",
        "image_shape": "3,80,80",
        "num_layers": "18",
        "epochs": "30",
        "mini_batch_size": "32",
        "optimizer": "adam",
        "learning_rate": "0.001",
        "weight_decay": "0.0001",
        "augmentation_type": "crop",
    }


def test_what_the_source_systems_notebooks_set_arrives_as_they_wrote_it() -> None:
    wanted = load_settings("""
image: {size: 96}
training:
  algorithm: builtin
  use_weighted_loss: true
  augmentation_type: crop_color_transform
  mini_batch_size: 128
  optimizer: adam
  learning_rate: 1e-5
  epochs: 30
  instance_type: ml.p3.2xlarge
  hyperparameters: {momentum: 0.8, num_layers: 152, early_stopping: true, lr_scheduler_step: "3,5"}
""")
    dataset = packed_dataset(image=wanted.image.on("#ffffff"))
    planned = plain(plan_training(RUN, dataset, wanted, STACK, role=ROLE, spending=SPENDING))
    assert planned["request"]["HyperParameters"] == {
        "num_classes": "3",
        "num_training_samples": "800",
        "multi_label": "1",
        "use_weighted_loss": "1",
        "image_shape": "3,96,96",
        "num_layers": "152",
        "epochs": "30",
        "mini_batch_size": "128",
        "optimizer": "adam",
        "learning_rate": "1e-05",
        "weight_decay": "0.0001",
        "augmentation_type": "crop_color_transform",
        "momentum": "0.8",
        "early_stopping": "True",
        "lr_scheduler_step": "3,5",
    }


def test_a_search_is_after_its_own_metric() -> None:
    planned = plan(
        tuning={
            "max_jobs": 4,
            "max_parallel_jobs": 2,
            "strategy": "Hyperband",
            "ranges": {"learning_rate": [1e-4, 0.05], "mini_batch_size": [126, 200]},
        },
        training={"epochs": 18},
    )
    config = planned["request"]["HyperParameterTuningJobConfig"]
    assert config["HyperParameterTuningJobObjective"] == {
        "Type": "Maximize",
        "MetricName": "validation:accuracy",
    }
    assert config["StrategyConfig"]["HyperbandStrategyConfig"] == {
        "MinResource": 2,
        "MaxResource": 18,  # one an epoch: it tells none of the model that it leaves
    }
    job = planned["request"]["TrainingJobDefinition"]
    assert "MetricDefinitions" not in job["AlgorithmSpecification"]
    assert {"learning_rate", "mini_batch_size"}.isdisjoint(job["StaticHyperParameters"])
    named = {"HyperParameterTuningJobName": f"{planned['job_name']}-000"}
    assert_valid("CreateHyperParameterTuningJob", named | planned["request"])


@pytest.mark.parametrize(
    ("training", "words"),
    [
        (
            {"instance_type": "ml.c5.4xlarge"},
            "P2, P3, G4dn and G5 alone, and not on ml.c5",
        ),
        ({"instance_type": "ml.g6.xlarge"}, "and not on ml.g6.xlarge: take such as ml.g4dn"),
        ({"mini_batch_size": 201}, "training.mini_batch_size: 201 is more than the 200 validation"),
        ({"loss": "asymmetric"}, "training.loss: the built-in algorithm does not know asymmetric"),
        ({"dropout": 0.3}, "training.dropout: the built-in algorithm does not know 0.3"),
        ({"network": "small"}, "training.network: the built-in algorithm does not know small"),
        ({"augmentation_type": "geometric"}, "does not know geometric: take none or crop or"),
        ({"shuffle_buffer": 5}, "training.shuffle_buffer is not known to the built-in algorithm: "),
        ({"engine": "torch"}, "training.engine: the built-in algorithm does not know torch"),
        ({"start_from": "starter"}, "training.start_from: the built-in algorithm does not know"),
        ({"instance_count": 2}, "needs training.hyperparameters: {kv_store: dist_sync}"),
        ({"hyperparameters": {"num_layer": 18}}, "has no hyperparameter 'num_layer'; it has augm"),
        (
            {"hyperparameters": {"momentum": 1.5}},
            "momentum is '1.5'; for the built-in",
        ),
        ({"hyperparameters": {"num_layers": 19}}, "num_layers is '19'"),
        ({"hyperparameters": {"epochs": 5}}, "set training.epochs, which is the same"),
        ({"hyperparameters": {"num_classes": 5}}, "the plan says it, by the dataset"),
        ({"hyperparameters": {"image_shape": "3,96,96"}}, "packed at 80x80 pixels, smaller than 3"),
        ({"hyperparameters": {"image_shape": "1,64,64"}}, "is no square of three channels"),
        ({"hyperparameters": {"image_shape": "3,64,72"}}, "is no square of three channels"),
        ({"hyperparameters": {"resize": 80}}, "resize 80 must be above height and width"),
        ({"hyperparameters": {"use_pretrained_model": 1}}, "needs image_shape 3,224,224"),
        ({"hyperparameters": {"checkpoint_frequency": 3}, "epochs": 2}, "more than the 2 epochs"),
        (
            {"hyperparameters": {"lr_scheduler_step": ",".join(["1"] * 1300)}},
            "2,599 characters are more than the 2,500",
        ),
        ({"hyperparameters": {"num_layers": 18}, "network": "resnet50_v1"}, "keep one"),
        (
            {"hyperparameters": {"early_stopping": True}, "early_stopping_patience": 3},
            "early_stopping_patience is set, too",
        ),
    ],
)
def test_refused_with_words(training: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        plan(training=training)
    assert words in str(refused.value)


def machines(planned: dict[str, Any]) -> str:
    kind: str = planned["request"]["ResourceConfig"]["InstanceType"]
    return kind


def test_a_machine_that_nobody_names_is_one_that_the_stack_allows() -> None:
    assert machines(plan(CPU_STACK)) == GPU
    assert machines(plan(training={"instance_type": "ml.p3.2xlarge"})) == "ml.p3.2xlarge"


def test_a_stack_that_allows_none_of_its_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    cpus = Spending(Limits(frozenset({"ml.c5.4xlarge"}), 1, 1), PriceList("eu-west-1"))
    monkeypatch.setattr(f"{__name__}.SPENDING", cpus)
    told = r"P2, P3, G4dn and G5 alone, .* let the stack's owner add such as ml\.g4dn\.xlarge"
    with pytest.raises(InvalidSettings, match=told):
        plan(CPU_STACK)
    with pytest.raises(TooExpensive, match=r"ml\.p3\.2xlarge is not among the stack's Allowed"):
        plan(training={"instance_type": "ml.p3.2xlarge"})


def test_a_region_without_it() -> None:
    nowhere = replace_region("ap-southeast-7")
    with pytest.raises(InvalidSettings, match=r"no image-classification in the region ap-southeas"):
        plan(nowhere)


def replace_region(region: str) -> Stack:
    return Stack("tagline", "data", "registry/trainer:1", GPU, region=region)


def test_a_jobs_name_has_room_for_its_attempt() -> None:
    long = Stack("a" * 40, "data", "registry/trainer:1", GPU, region="eu-west-1")
    with pytest.raises(InvalidSettings, match=r"more than the 63 characters .* has to be shorter"):
        plan(long)


@pytest.mark.parametrize(
    ("ranges", "words"),
    [
        ({"learning_rate": [0.1, 0.9]}, "learning_rate: the built-in algorithm is tuned between"),
        ({"mini_batch_size": [4, 32]}, "is tuned between 8 and 512, found 4 to 32"),
        ({"mini_batch_size": [32, 256]}, "256 is more than the 200 validation images"),
        ({"epochs": [2, 9]}, "tuning.ranges.epochs: cannot be tuned with the built-in algorithm"),
        ({"loss": ["bce", "weighted"]}, "tuning.ranges.loss: cannot be tuned"),
    ],
)
def test_ranges_that_it_is_not_tuned_in(ranges: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        plan(tuning={"max_jobs": 2, "ranges": ranges})
    assert words in str(refused.value)


def test_settings_of_a_plan_that_was_never_read_here_are_checked_all_the_same() -> None:
    wanted = settings_of({"training": {"algorithm": "builtin"}})
    wanted = replace(wanted, training=replace(wanted.training, views=3))
    with pytest.raises(InvalidSettings, match=r"training\.views"):
        plan_training(RUN, PACKED, wanted, STACK, role=ROLE, spending=SPENDING)


def test_its_hyperparameters_are_no_other_algorithms() -> None:
    with pytest.raises(InvalidSettings, match=r"set training\.algorithm: builtin"):
        settings_of({"training": {"hyperparameters": {"momentum": 0.5}}})


def test_the_evaluation_leaves_what_serves_beside_what_was_trained() -> None:
    trained = "s3://data/demo/output/job/output/model.tar.gz"
    planned = plain(
        plan_evaluation(RUN, trained, None, PACKED, STACK, confidence=0.9, builtin=True)
    )
    assert planned["artifact"] == "s3://data/demo/output/job/served/model.tar.gz"
    request = planned["request"]
    assert request["ProcessingInputs"][0]["S3Input"]["S3Uri"] == trained
    served = request["ProcessingOutputConfig"]["Outputs"][1]["S3Output"]
    assert served == {
        "S3Uri": "s3://data/demo/output/job/served",
        "LocalPath": "/opt/ml/processing/served",
        "S3UploadMode": "EndOfJob",
    }
    named = {"ProcessingJobName": "eval-0", "RoleArn": ROLE}
    assert_valid("CreateProcessingJob", named | request)


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_its_defaults_are_what_it_takes(name: str) -> None:
    assert fault(name, DEFAULTS[name]) is None


@given(st.sampled_from(sorted(RULES)), st.text(max_size=30))
def test_any_text_is_taken_or_refused_in_words(name: str, value: str) -> None:
    told = fault(name, value)
    assert told is None or name in told
    assert isinstance(faults({"num_classes": "2", "num_training_samples": "9", name: value}), list)


def test_which_machines_it_trains_on() -> None:
    able = [
        "ml.p2.8xlarge",
        "ml.p3.2xlarge",
        "ml.p3dn.24xlarge",
        "ml.g4dn.xlarge",
        "ml.g5.48xlarge",
    ]
    unable = ["ml.g4ad.xlarge", "ml.g6.xlarge", "ml.g5g.xlarge", "ml.p4d.24xlarge", "ml.m4.xlarge"]
    assert all(map(trains_on, able))
    assert not any(map(trains_on, unable))


def test_its_image_is_known_again() -> None:
    assert all(is_builtin(image_uri(region) or "") for region in ACCOUNTS)
    assert image_uri("cn-north-1") == (
        "390948362332.dkr.ecr.cn-north-1.amazonaws.com.cn/image-classification:1"
    )
    assert not is_builtin("123456789012.dkr.ecr.eu-west-1.amazonaws.com/image-classification:1")
    assert not is_builtin("685385470294.dkr.ecr.eu-west-1.amazonaws.com/trainer:1")
