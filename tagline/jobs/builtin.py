"""SageMaker's own image-classification algorithm as a run's training job.

What it would refuse after minutes of paid waiting is refused before: tagline.settings.builtin has
what the settings alone tell, this module what depends on the dataset and the stack.
"""

from tagline.formats.image_classification import (
    FAMILIES,
    OBJECTIVE,
    USUAL,
    faults,
    shape_of,
    trains_on,
)
from tagline.formats.names import job_name
from tagline.formats.packed import PackedDataset
from tagline.formats.registries import ACCOUNTS, image_uri
from tagline.formats.sagemaker import AlgorithmSpecification
from tagline.formats.settings import FEW_IMAGES, Settings
from tagline.jobs.defaults import defaults
from tagline.jobs.limits import Limits, parameter
from tagline.jobs.sagemaker import Stack
from tagline.jobs.searching import text
from tagline.settings import InvalidSettings
from tagline.settings.builtin import NETWORKS, check_algorithm, own_hyperparameters

__all__ = ["OBJECTIVE", "check", "hyperparameters", "machine", "specification"]

_LEARNING_RATE = {"adam": "0.001", "rmsprop": "0.001", "sgd": "0.1", "nag": "0.1"}
_FEW_LAYERS, _MORE_LAYERS = "18", "50"
_LONGEST = {"train": 63, "tune": 32}  # characters of a job's name
_ATTEMPT = len("-010")
_MOST_CHARACTERS = 2500  # of a hyperparameter's value


def check(run: str, dataset: PackedDataset, settings: Settings, stack: Stack) -> None:
    """Raise InvalidSettings for what the algorithm would refuse or fail of."""
    check_algorithm(settings)
    specification(stack)
    _check_names(run, settings, stack)
    values = hyperparameters(dataset, settings)
    for wrong in faults(values):
        raise InvalidSettings(f"training.algorithm: builtin: {wrong}", "training.hyperparameters")
    _check_shape(values["image_shape"], dataset)
    batch, setting = int(values["mini_batch_size"]), "training.mini_batch_size"
    if settings.tuning and settings.tuning.ranges.mini_batch_size:
        batch, setting = settings.tuning.ranges.mini_batch_size[1], "tuning.ranges.mini_batch_size"
    for images, side in ((dataset.validation, "validation"), (dataset.train, "training")):
        if batch > images:
            raise InvalidSettings(
                f"{setting}: {batch} is more than the {images:,} {side} images, and the built-in "
                f"algorithm fills whole batches of them: take {images} or less, or more images",
                setting,
            )


def machine(settings: Settings, stack: Stack, limits: Limits) -> str:
    """Return the instance type that trains: the one named, or one that the stack allows.

    Raises InvalidSettings where it allows none that the algorithm trains on.
    """
    named = settings.training.instance_type
    if named is not None:
        return named
    able = sorted(filter(trains_on, limits.instance_types - {stack.instance_type}))
    for kind in (stack.instance_type, USUAL, *able):
        if trains_on(kind) and kind in limits.instance_types:
            return kind
    raise InvalidSettings(
        f"training.algorithm: builtin: the built-in algorithm trains on the instance families "
        f"{FAMILIES} alone, and neither is {stack.instance_type} of them "
        f"({parameter('TrainingInstanceType')}) nor any of the stack's AllowedInstanceTypes: let "
        f"the stack's owner add such as {USUAL}",
        "training.algorithm",
    )


def hyperparameters(dataset: PackedDataset, settings: Settings) -> dict[str, str]:
    """Return the algorithm's hyperparameters, as SageMaker's strings."""
    wanted, labels, size = settings.training, len(dataset.labels), dataset.image.size
    chosen = defaults(dataset.train, labels, size, settings.quality)
    few = min(dataset.train, dataset.validation)
    values = {
        "num_classes": str(labels),
        "num_training_samples": str(dataset.train),
        "multi_label": "1",
        "use_weighted_loss": text(wanted.use_weighted_loss or wanted.loss == "weighted"),
        "image_shape": f"3,{size},{size}",
        "num_layers": NETWORKS.get(wanted.network)
        or (_FEW_LAYERS if dataset.train < FEW_IMAGES else _MORE_LAYERS),
        "epochs": text(wanted.epochs or chosen["epochs"]),
        "mini_batch_size": text(wanted.mini_batch_size or min(int(chosen["mini_batch_size"]), few)),
        "optimizer": wanted.optimizer,
        "learning_rate": text(
            _LEARNING_RATE[wanted.optimizer]
            if wanted.learning_rate is None
            else wanted.learning_rate
        ),
        "weight_decay": text(
            chosen["weight_decay"] if wanted.weight_decay is None else wanted.weight_decay
        ),
    }
    augmentation = wanted.augmentation_type or "crop"
    if augmentation != "none":  # its name for none is to name none
        values["augmentation_type"] = augmentation
    if wanted.early_stopping_patience:
        values |= {
            "early_stopping": "True",
            "early_stopping_patience": text(wanted.early_stopping_patience),
        }
    return values | own_hyperparameters(wanted)


def specification(stack: Stack) -> AlgorithmSpecification:
    """Return what trains: the region's image, whose metrics are its own."""
    image = image_uri(stack.region)
    if image is None:
        raise InvalidSettings(
            f"training.algorithm: builtin: SageMaker has no image-classification in the region "
            f"{stack.region or '?'}: it has in {', '.join(sorted(ACCOUNTS))}",
            "training.algorithm",
        )
    return AlgorithmSpecification(training_image=image)


def _check_names(run: str, settings: Settings, stack: Stack) -> None:
    kind = "tune" if settings.tuning else "train"
    name = job_name(stack.name, run, kind)
    if len(name) + _ATTEMPT > _LONGEST[kind]:
        raise InvalidSettings(
            f"training.algorithm: builtin: the job's name {name}, with the attempt behind it, has "
            f"more than the {_LONGEST[kind]} characters that SageMaker takes: the stack's name "
            f"{stack.name} has to be shorter",
            "training.algorithm",
        )
    for name, value in own_hyperparameters(settings.training).items():
        if len(value) > _MOST_CHARACTERS:
            path = f"training.hyperparameters.{name}"
            raise InvalidSettings(
                f"{path}: {len(value):,} characters are more than the {_MOST_CHARACTERS:,} that "
                "SageMaker takes",
                path,
            )


def _check_shape(image_shape: str, dataset: PackedDataset) -> None:
    setting, size = "training.hyperparameters.image_shape", dataset.image.size
    shape = shape_of(image_shape)
    if shape is None or shape[0] != 3 or shape[1] != shape[2]:  # noqa: PLR2004 - RGB
        raise InvalidSettings(
            f"{setting}: {image_shape} is no square of three channels, which is what Tagline "
            f"packs and serves: take 3,{size},{size} or leave it out",
            setting,
        )
    if shape[1] > size:
        raise InvalidSettings(
            f"{setting}: the images are packed at {size}x{size} pixels, smaller than "
            f"{image_shape}, and the built-in algorithm fails of such: set image.size to "
            f"{shape[1]}",
            setting,
        )
