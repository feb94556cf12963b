"""Dataset facts and settings in, a complete and checked training or tuning request out.

What SageMaker or the trainer would refuse after minutes of paid waiting is refused here.
Limits: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html and
https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-limits.html
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.names import job_name
from tagline.jobs import sagemaker
from tagline.jobs.defaults import defaults, learning_rate
from tagline.settings.schema import Settings, Tuning

OBJECTIVE = "validation:mAP"
_NUMBER = r"([0-9.]+)"
METRICS = [
    {"Name": "train:loss", "Regex": f"train:loss={_NUMBER}"},
    {"Name": OBJECTIVE, "Regex": f"{OBJECTIVE}={_NUMBER}"},
    {"Name": "validation:micro_ap", "Regex": f"validation:micro_ap={_NUMBER}"},
    {"Name": "epoch", "Regex": r"epoch=([0-9]+)"},
]
_INTEGERS = {"mini_batch_size", "epochs"}
_CONTINUOUS = {"learning_rate", "weight_decay"}
_LEFT_TO_DEFAULTS = (
    "epochs",
    "mini_batch_size",
    "learning_rate",
    "weight_decay",
    "augmentation_type",
)


class UnusableTraining(ValueError):
    """The dataset cannot be trained with these settings; the message says which and what to do."""


@dataclass(frozen=True)
class Facts:
    """What dataset.json says that training depends on."""

    train: int
    validation: int
    labels: int
    image_size: int  # pixels, the side of the square
    bytes: int  # of both channels

    @classmethod
    def of(cls, dataset: Mapping[str, Any]) -> "Facts":
        """Return the facts of a dataset.json."""
        return cls(
            train=dataset["train"],
            validation=dataset["validation"],
            labels=len(dataset["labels"]),
            image_size=dataset["image"]["size"],
            bytes=sum(dataset.get("bytes", {}).values()),
        )


@dataclass(frozen=True)
class Stack:
    """What the stack decides: where things lie, what runs, as whom, on what."""

    bucket: str
    image: str
    role: str
    instance_type: str


def plan_training(run: str, facts: Facts, settings: Settings, stack: Stack) -> dict[str, Any]:
    """Return mode, base name of the job, seconds the state may take, and the request's fields.

    Raises UnusableTraining.
    """
    hyperparameters = _hyperparameters(run, facts, settings)
    _check(facts, settings, hyperparameters)
    common = _common(run, facts, settings, stack)
    seconds = settings.training.max_runtime
    if settings.tuning is None:
        return {
            "mode": "train",
            "job_name": job_name(run, "train"),
            "timeout": seconds + sagemaker.SLACK,
            "request": {"HyperParameters": hyperparameters, **common},
        }
    rounds = math.ceil(settings.tuning.max_jobs / settings.tuning.max_parallel_jobs)
    fixed = {k: v for k, v in hyperparameters.items() if k not in settings.tuning.ranges}
    return {
        "mode": "tune",
        "job_name": job_name(run, "tune"),
        "timeout": min(rounds * (seconds + sagemaker.SLACK), sagemaker.LONGEST_STATE),
        "request": {
            "HyperParameterTuningJobConfig": _search(settings.tuning, settings.training.seed),
            "TrainingJobDefinition": {
                "StaticHyperParameters": fixed,
                "RoleArn": stack.role,
                "EnableNetworkIsolation": True,
                **common,
            },
        },
    }


def _hyperparameters(run: str, facts: Facts, settings: Settings) -> dict[str, str]:
    wanted = settings.training
    try:
        chosen = defaults(facts.train, facts.labels, facts.image_size)
        chosen |= {
            name: _text(value)
            for name in _LEFT_TO_DEFAULTS
            if (value := getattr(wanted, name)) is not None
        }
        chosen["optimizer"] = wanted.optimizer
        if wanted.learning_rate is None:
            batch = int(chosen["mini_batch_size"])
            chosen["learning_rate"] = learning_rate(wanted.optimizer, batch)
    except ValueError as exc:
        raise UnusableTraining(f"The dataset cannot be trained: {exc}") from exc
    chosen |= {
        "network": wanted.network,
        "use_weighted_loss": _text(wanted.use_weighted_loss),
        "seed": str(wanted.seed),
        "image_shape": f"3,{facts.image_size},{facts.image_size}",
        "num_classes": str(facts.labels),
        "num_training_samples": str(facts.train),
        "run": run,
    }
    return chosen


def _check(facts: Facts, settings: Settings, hyperparameters: Mapping[str, str]) -> None:
    if facts.validation < 1:
        raise UnusableTraining(
            "No image is left for validation: add rows, or raise split.validation in dataset.yaml"
        )
    batches = [int(hyperparameters["mini_batch_size"])]
    where = "training.mini_batch_size"
    tuning = settings.tuning
    if tuning is not None and "mini_batch_size" in tuning.ranges:
        batches, where = [int(tuning.ranges["mini_batch_size"][1])], "tuning.ranges.mini_batch_size"
    if max(batches) > facts.train:
        raise UnusableTraining(
            f"{where} reaches {max(batches)} but there are {facts.train} training images: "
            f"set at most {facts.train} in dataset.yaml, or add images"
        )
    if tuning is None:
        return
    if tuning.max_parallel_jobs > tuning.max_jobs:
        raise UnusableTraining(
            f"tuning.max_parallel_jobs {tuning.max_parallel_jobs} is more than "
            f"tuning.max_jobs {tuning.max_jobs}"
        )


def _common(run: str, facts: Facts, settings: Settings, stack: Stack) -> dict[str, Any]:
    keys = RunKeys(run)

    def uri(name: str) -> str:
        return sagemaker.s3_uri(stack.bucket, keys.of(name))

    return {
        "AlgorithmSpecification": {
            "TrainingImage": stack.image,
            "TrainingInputMode": "File",
            "MetricDefinitions": METRICS,
        },
        "InputDataConfig": [
            sagemaker.channel("train", uri("training/"), sagemaker.RECORDIO),
            sagemaker.channel("validation", uri("validation/"), sagemaker.RECORDIO),
            sagemaker.channel("dataset", uri("dataset.json"), "application/json"),
        ],
        "OutputDataConfig": {
            "S3OutputPath": sagemaker.s3_uri(stack.bucket, DatasetKeys(keys.dataset).output)
        },
        "ResourceConfig": sagemaker.cluster(
            settings.training.instance_type or stack.instance_type, facts.bytes
        ),
        "StoppingCondition": {"MaxRuntimeInSeconds": settings.training.max_runtime},
    }


def _search(tuning: Tuning, seed: int) -> dict[str, Any]:
    numbers: dict[str, list[dict[str, Any]]] = {"Continuous": [], "Integer": []}
    choices = []
    for name, values in tuning.ranges.items():
        if name in _CONTINUOUS | _INTEGERS:
            low, high = (_text(value) for value in values)
            kind = "Integer" if name in _INTEGERS else "Continuous"
            # rates and sizes matter by their ratio; a logarithm needs a minimum above zero
            scale = "Logarithmic" if float(low) > 0 else "Linear"
            numbers[kind].append(
                {"Name": name, "MinValue": low, "MaxValue": high, "ScalingType": scale}
            )
        else:
            choices.append({"Name": name, "Values": [_text(value) for value in values]})
    return {
        "Strategy": tuning.strategy,
        "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": OBJECTIVE},
        "ResourceLimits": {
            "MaxNumberOfTrainingJobs": tuning.max_jobs,
            "MaxParallelTrainingJobs": tuning.max_parallel_jobs,
        },
        "ParameterRanges": {
            "ContinuousParameterRanges": numbers["Continuous"],
            "IntegerParameterRanges": numbers["Integer"],
            "CategoricalParameterRanges": choices,
        },
        "TrainingJobEarlyStoppingType": "Off",
        "RandomSeed": seed,
    }


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return f"{value:g}" if isinstance(value, float) else str(value)
