"""Dataset facts and settings in, a complete and checked training or tuning request out.

What SageMaker or the trainer would refuse after minutes of paid waiting is refused here.
Limits: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html and
https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-limits.html
"""

from dataclasses import replace

from tagline.aws.s3 import BINARY, JSON, RECORDIO
from tagline.formats.keys import RunKeys
from tagline.formats.packed import PackedDataset
from tagline.formats.sagemaker import (
    AlgorithmSpecification,
    Channel,
    MetricDefinition,
    Search,
)
from tagline.formats.settings import Settings, Tuning
from tagline.formats.steps import TrainPlan, TunePlan
from tagline.formats.tasks import Task
from tagline.jobs import builtin, script
from tagline.jobs.defaults import defaults, learning_rate
from tagline.jobs.engines import image_of
from tagline.jobs.feeding import Feeding, feeding
from tagline.jobs.limits import Spending
from tagline.jobs.requesting import Requesting
from tagline.jobs.sagemaker import Stack, channel
from tagline.jobs.searching import OF_COUNTS, OF_NUMBERS, search, text
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
OBJECTIVE_OF_SINGLE = "validation:macro_recall"
METRICS_OF_SINGLE = (
    *METRICS,
    *(
        MetricDefinition(name=name, regex=f"{name}={_NUMBER}")
        for name in (OBJECTIVE_OF_SINGLE, "validation:top1", "validation:cross_entropy")
    ),
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
    sought = (
        _search(settings, settings.tuning, hyperparameters, dataset.task)
        if settings.tuning
        else None
    )
    if settings.tuning and settings.tuning.ranges.use_weighted_loss is not None:
        hyperparameters.pop("loss", None)
    asked = Requesting(run, settings, stack)
    fed = feeding(
        dataset, settings.training, settings.training.instance_type or stack.instance_type
    )
    job = asked.job(
        _algorithm(settings, stack, dataset.task),
        _channels(run, settings, stack, start, fed),
        fed.on_disk,
    )
    return asked.plan(job, hyperparameters, sought, role)


def images_seen(dataset: PackedDataset, settings: Settings) -> int:
    """Return how many images a training will see over all epochs; 0: a script's own choice."""
    if script.scripted(settings):
        return 0
    return dataset.train * int(_hyperparameters(dataset.run, dataset, settings)["epochs"])


def objective_of(settings: Settings, task: Task) -> str:
    """Return the metric that trials are ranked by: the algorithm's, and of our trainer the task's.

    A script prints what it was written to print, which is mAP.
    """
    if _builtin(settings):
        return builtin.OBJECTIVE
    if task is Task.SINGLE and not script.scripted(settings):
        return OBJECTIVE_OF_SINGLE
    return OBJECTIVE


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
    if wanted.shuffle_buffer is not None:
        chosen["shuffle_buffer"] = text(wanted.shuffle_buffer)
    if dataset.task is Task.SINGLE:
        chosen["task"] = dataset.task.value
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


def _algorithm(settings: Settings, stack: Stack, task: Task) -> AlgorithmSpecification:
    if _builtin(settings):
        return builtin.specification(stack)
    own = script.scripted(settings)
    image = script.image_of(settings, stack) if own else image_of(settings.training, stack)
    metrics = METRICS_OF_SINGLE if task is Task.SINGLE else METRICS
    return AlgorithmSpecification(training_image=image, metric_definitions=metrics)


def _channels(
    run: str, settings: Settings, stack: Stack, start: str | None, fed: Feeding
) -> tuple[Channel, ...]:
    keys = RunKeys(run)
    channels = [
        channel("train", stack.uri(keys.of("training/")), RECORDIO, fed.mode, fed.distribution),
        channel("validation", stack.uri(keys.of("validation/")), RECORDIO),
    ]
    if not _builtin(settings):
        channels.append(channel("dataset", stack.uri(keys.packed_dataset), JSON))
        if script.scripted(settings):
            channels.append(channel(script.CHANNEL, stack.uri(keys.script), BINARY))
        if start:
            channels.append(channel("start", start, BINARY))
    return tuple(channels)


def _search(
    settings: Settings, tuning: Tuning, hyperparameters: dict[str, str], task: Task
) -> Search:
    epochs = int(hyperparameters.get("epochs", 1))  # a script's are not asked for
    # our trainer tells it after each epoch, and once more of the model that it leaves
    values = epochs if _builtin(settings) else epochs + 1
    return search(tuning, settings.training.seed, epochs, objective_of(settings, task), values)
