"""The trials of a search, as SageMaker tells of them."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tagline.formats.trials import Trial, Trials

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

_LONGEST_FAILURE = 300  # characters


def read_trials(sagemaker: "SageMakerClient", tuning_job: str, best: str, metric: str) -> Trials:
    """Return what became of a search's trials, ranked by `metric`; `tuning_job`: name or ARN."""
    name = tuning_job.rpartition("/")[2]
    return Trials(tuning_job=name, metric=metric, best=best, trials=tuple(_trials(sagemaker, name)))


def _trials(sagemaker: "SageMakerClient", tuning_job: str) -> Iterator[Trial]:
    pages = sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
        HyperParameterTuningJobName=tuning_job, SortBy="CreationTime", SortOrder="Ascending"
    )
    for page in pages:
        for found in page["TrainingJobSummaries"]:
            began, ended = found.get("TrainingStartTime"), found.get("TrainingEndTime")
            objective = found.get("FinalHyperParameterTuningJobObjectiveMetric")
            failure = found.get("FailureReason")
            yield Trial(
                job=found["TrainingJobName"],
                hyperparameters=_by_setting(found["TunedHyperParameters"]),
                objective=objective["Value"] if objective else None,
                status=found["TrainingJobStatus"],
                seconds=(ended - began).total_seconds() if began and ended else None,
                failure=failure[:_LONGEST_FAILURE] if failure else None,
            )


def _by_setting(tuned: Mapping[str, str]) -> dict[str, str]:
    """Return what was searched, named as in the settings: a shape is an image's size there."""
    return {
        **{name: value for name, value in tuned.items() if name != "image_shape"},
        **(
            {"image_size": tuned["image_shape"].rpartition(",")[2]}
            if "image_shape" in tuned
            else {}
        ),
    }
