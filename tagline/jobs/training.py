"""Dataset facts and settings in, a complete and checked training or tuning request out.

What SageMaker or the trainer would refuse after minutes of paid waiting is refused here.
Limits: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html and
https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-limits.html
"""

import math
from dataclasses import replace

from msgspec.structs import asdict

from tagline.aws.s3 import BINARY, JSON, RECORDIO
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.names import job_name
from tagline.formats.packed import PackedDataset
from tagline.formats.sagemaker import (
    AlgorithmSpecification,
    Checkpoints,
    Job,
    MetricDefinition,
    OutputData,
    Search,
    StoppingCondition,
    TrainingRequest,
    Trial,
    TuningRequest,
)
from tagline.formats.settings import Settings, Tuning
from tagline.formats.steps import TrainPlan, TunePlan
from tagline.jobs import builtin, script
from tagline.jobs.defaults import defaults, learning_rate
from tagline.jobs.engines import image_of
from tagline.jobs.limits import Spending
from tagline.jobs.sagemaker import LONGEST_STATE, SLACK, Stack, channel, cluster
from tagline.jobs.searching import OF_COUNTS, OF_NUMBERS, given, search, text
from tagline.jobs.starting import starts_learned
from tagline.listing.trainable import Images, check_trainable

OBJECTIVE = "validation:mAP"
_NUMBER = r"([0-9.]+)"
METRICS = (
    MetricDefinition(name="train:loss", regex=f"train:loss={_NUMBER}"),
    MetricDefinition(name=OBJECTIVE, regex=f"{OBJECTIVE}={_NUMBER}"),
    MetricDefinition(name="validation:micro_ap", regex=f"validation:micro_ap={_NUMBER}"),
    MetricDefinition(name="epoch", regex=r"epoch=([0-9]+)"),
)
_LEFT_TO_DEFAULTS = (*OF_COUNTS, *OF_NUMBERS, "augmentation_type", "loss")


def plan_training(
    run: str,
    dataset: PackedDataset,
    settings: Settings,
    stack: Stack,
    *,
    role: str,
    spending: Spending,
    start: str | None = None,
    without: str | None = None,
) -> TrainPlan | TunePlan:
    """Return mode, base name of the job, seconds the state may take, and the request's fields.

    `role` is the ARN that the trials of a search run as, `start` the S3 URI of the file of weights
    that the job is handed, if any, and `without` why it is not the champion's. Raises what
    check_trainable raises: packing may have left images out; and TooExpensive, or InvalidSettings
    for what the built-in algorithm, or the machine that a script would run on, does not take.
    """
    check_trainable(_images(dataset), settings)
    if _builtin(settings):
        builtin.check(run, dataset, settings, stack)
        stack = replace(stack, instance_type=builtin.machine(settings, stack, spending.limits))
    spending.check(settings, stack.instance_type)
    hyperparameters = _hyperparameters(run, dataset, settings)
    if without:
        hyperparameters["start_without"] = without
    job = asdict(_job(run, dataset, settings, stack, start))
    seconds = min(longest(settings) + SLACK, LONGEST_STATE)
    tuning = settings.tuning
    if tuning is None:
        return TrainPlan(
            job_name=job_name(stack.name, run, "train"),
            timeout=seconds,
            request=TrainingRequest(hyper_parameters=hyperparameters, **job),
        )
    rounds = math.ceil(tuning.max_jobs / tuning.max_parallel_jobs)
    searched = given(tuning.ranges)
    fixed = {name: value for name, value in hyperparameters.items() if name not in searched}
    if "use_weighted_loss" in searched:
        del fixed["loss"]
    return TunePlan(
        job_name=job_name(stack.name, run, "tune"),
        timeout=min(rounds * seconds, LONGEST_STATE),
        request=TuningRequest(
            hyper_parameter_tuning_job_config=_search(settings, tuning, hyperparameters),
            training_job_definition=Trial(static_hyper_parameters=fixed, role_arn=role, **job),
        ),
    )


def images_seen(dataset: PackedDataset, settings: Settings) -> int:
    """Return how many images a training will see over all epochs; 0: a script's own choice."""
    if script.scripted(settings):
        return 0
    return dataset.train * int(_hyperparameters(dataset.run, dataset, settings)["epochs"])


def objective_of(settings: Settings) -> str:
    """Return the metric that trials are ranked by: the algorithm's."""
    return builtin.OBJECTIVE if _builtin(settings) else OBJECTIVE


def _builtin(settings: Settings) -> bool:
    return settings.training.algorithm == "builtin"


def _hyperparameters(run: str, dataset: PackedDataset, settings: Settings) -> dict[str, str]:
    if _builtin(settings):
        return builtin.hyperparameters(dataset, settings)
    if script.scripted(settings):
        return script.hyperparameters(settings)
    wanted, labels, size = settings.training, len(dataset.labels), dataset.image.size
    starts = starts_learned(settings, dataset.train)
    chosen = defaults(dataset.train, labels, size, settings.quality, starts=starts)
    if wanted.use_weighted_loss:
        chosen["loss"] = "weighted"
    chosen |= {
        name: text(value)
        for name in _LEFT_TO_DEFAULTS
        if (value := getattr(wanted, name)) is not None
    }
    chosen["optimizer"] = wanted.optimizer
    if wanted.calibration != "none":
        chosen["calibration"] = wanted.calibration
    if wanted.learning_rate is None:
        batch = int(chosen["mini_batch_size"])
        chosen["learning_rate"] = learning_rate(wanted.optimizer, batch)
    return chosen | {
        "network": wanted.network,
        "start_from": wanted.start_from,
        "seed": str(wanted.seed),
        "max_runtime": str(wanted.max_runtime),
        "image_shape": f"3,{size},{size}",
        "num_classes": str(labels),
        "num_training_samples": str(dataset.train),
        "run": run,
    }


def _images(dataset: PackedDataset) -> Images:
    found = dataset.positives.values()
    return Images(
        train=dataset.train,
        validation=dataset.validation,
        test=dataset.test,
        labelled_train=sum(label.train for label in found),
        labelled_validation=sum(label.validation for label in found),
    )


def _job(
    run: str, dataset: PackedDataset, settings: Settings, stack: Stack, start: str | None
) -> Job:
    keys = RunKeys(run)
    channels = [
        channel("train", stack.uri(keys.of("training/")), RECORDIO),
        channel("validation", stack.uri(keys.of("validation/")), RECORDIO),
    ]
    if _builtin(settings):
        algorithm = builtin.specification(stack)
    else:
        own = script.scripted(settings)
        image = script.image_of(settings, stack) if own else image_of(settings.training, stack)
        algorithm = AlgorithmSpecification(training_image=image, metric_definitions=METRICS)
        channels.append(channel("dataset", stack.uri(keys.packed_dataset), JSON))
        if own:
            channels.append(channel(script.CHANNEL, stack.uri(keys.script), BINARY))
        if start:
            channels.append(channel("start", start, BINARY))
    return Job(
        algorithm_specification=algorithm,
        input_data_config=tuple(channels),
        output_data_config=OutputData(s3_output_path=stack.uri(DatasetKeys(keys.dataset).output)),
        resource_config=cluster(
            settings.training.instance_type or stack.instance_type,
            dataset.bytes.train + dataset.bytes.validation,
            settings.training.instance_count,
        ),
        stopping_condition=StoppingCondition(
            max_runtime_in_seconds=settings.training.max_runtime,
            max_wait_time_in_seconds=longest(settings) if settings.training.spot else None,
        ),
        enable_managed_spot_training=settings.training.spot,
        checkpoint_config=Checkpoints(s3_uri=stack.uri(keys.checkpoints)),
    )


def longest(settings: Settings) -> int:
    """Return the seconds that a job may take; one on spot capacity waits as long as it runs."""
    return settings.training.max_runtime * (2 if settings.training.spot else 1)


def _search(settings: Settings, tuning: Tuning, hyperparameters: dict[str, str]) -> Search:
    epochs = int(hyperparameters.get("epochs", 1))  # a script's are not asked for
    # our trainer tells mAP after each epoch, and once more of the model that it leaves
    values = epochs if _builtin(settings) else epochs + 1
    return search(tuning, settings.training.seed, epochs, objective_of(settings), values)
