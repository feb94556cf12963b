"""The built-in algorithm's hyperparameters, made those of this trainer."""

from collections.abc import Mapping

from tagline.formats.image_classification import DEFAULTS, faults
from trainer.contract import JobRefused

NETWORK = "small"
_NO_EFFECT = (  # here: the optimizers, the schedule and the precision are this trainer's
    "beta_1",
    "beta_2",
    "checkpoint_frequency",
    "early_stopping_min_epochs",
    "early_stopping_tolerance",
    "eps",
    "gamma",
    "kv_store",
    "lr_scheduler_factor",
    "lr_scheduler_step",
    "momentum",
    "num_layers",
    "precision_dtype",
    "top_k",
)


def read(given: Mapping[str, object]) -> dict[str, str]:
    """Return a job's hyperparameters with the algorithm's defaults; raises JobRefused.

    Names that begin with an underscore are the tuner's own and are left out.
    """
    values = {name: str(value) for name, value in given.items() if not name.startswith("_")}
    if wrong := faults(values):
        raise JobRefused("; ".join(wrong))
    complete = {**DEFAULTS, **values}
    if complete["use_pretrained_model"] == "1":
        raise JobRefused(
            "use_pretrained_model=1 cannot be emulated: its ImageNet networks are AWS's own"
        )
    return complete


def translated(given: Mapping[str, object], values: Mapping[str, str]) -> dict[str, str]:
    """Return this trainer's hyperparameters that mean what the algorithm's `values` mean.

    What the tuner adds to those that were `given` goes along.
    """
    stops = values["early_stopping"] == "True"
    return {
        "num_classes": values["num_classes"],
        "image_shape": values["image_shape"].replace(" ", ""),
        "epochs": values["epochs"],
        "mini_batch_size": values["mini_batch_size"],
        "optimizer": values["optimizer"],
        "learning_rate": values["learning_rate"],
        "weight_decay": values["weight_decay"],
        "augmentation_type": values.get("augmentation_type", "none"),
        "loss": "weighted" if values["use_weighted_loss"] == "1" else "bce",
        "early_stopping_patience": values["early_stopping_patience"] if stops else "0",
        "network": NETWORK,
        "start_from": "none",
        **{name: str(value) for name, value in given.items() if name.startswith("_")},
    }


def without_effect(given: Mapping[str, object]) -> list[str]:
    """Return, as `name=value`, what a job asks for and the emulation does nothing about."""
    return [f"{name}={given[name]}" for name in _NO_EFFECT if name in given]
