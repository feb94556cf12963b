"""What is known of SageMaker's own image-classification algorithm, the built-in one.

https://docs.aws.amazon.com/sagemaker/latest/dg/IC-Hyperparameter.html, `IC-tuning.html` and
`image-classification.html` beside it.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

REPOSITORY = "image-classification"
OBJECTIVE = "validation:accuracy"
METRICS = MappingProxyType(
    {
        "train:accuracy": r"Epoch\[\d+\] Train-accuracy=([0-9.]+)",
        OBJECTIVE: r"Epoch\[\d+\] Validation-accuracy=([0-9.]+)",
    }
)
"""The metrics that it is known for, with what finds them in its log: nobody defines them."""

SYMBOL, SHAPES = "image-classification-symbol.json", "model-shapes.json"
PARAMETERS = re.compile(r"image-classification-(?P<epoch>[0-9]{4})\.params")
"""Its files in model.tar.gz."""

_TRAINS_ON = re.compile(r"^ml\.(?:p2|p3|p3dn|g4dn|g5)\.")
FAMILIES = "P2, P3, G4dn and G5"
USUAL = "ml.g4dn.xlarge"
"""The smallest machine that it trains on, and that there still is."""
LARGE_NETWORKS = ("18", "34", "50", "101", "152", "200")  # layers
SMALL_NETWORKS = ("20", "32", "44", "56", "110")
PRETRAINED_SHAPE = "3,224,224"
_SHAPE = re.compile(r"(?P<channels>[0-9]{1,4}),(?P<height>[0-9]{1,4}),(?P<width>[0-9]{1,4})")
_STEPS = re.compile(r"[0-9]{1,6}(?:,[0-9]{1,6})*")
_MOST = 2**31 - 1


@dataclass(frozen=True)
class Rule:
    """What a hyperparameter may be, in words and as a test of its text."""

    said: str
    allows: Callable[[str], bool]


def trains_on(instance_type: str) -> bool:
    """Return whether the algorithm trains on an instance type, such as ml.g4dn.xlarge."""
    return _TRAINS_ON.match(instance_type) is not None


def shape_of(image_shape: str) -> tuple[int, int, int] | None:
    """Return channels, height and width of such as "3,96,96", None for anything else."""
    found = _SHAPE.fullmatch(image_shape.replace(" ", ""))
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _whole(low: int) -> Rule:
    def allows(text: str) -> bool:
        return text.isascii() and text.isdigit() and low <= int(text[:12]) <= _MOST

    return Rule(f"a whole number from {low}", allows)


def _number(low: float = 0, high: float = 1) -> Rule:
    def allows(text: str) -> bool:
        try:
            value = float(text)
        except ValueError:
            return False
        return math.isfinite(value) and low <= value <= high

    return Rule(f"a number from {low:g} to {high:g}", allows)


def _choice(*values: str) -> Rule:
    return Rule(f"one of {', '.join(values)}", lambda text: text in values)


_FLAG = _choice("0", "1")
RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "num_classes": _whole(1),
        "num_training_samples": _whole(1),
        "augmentation_type": _choice("crop", "crop_color", "crop_color_transform"),
        "beta_1": _number(),
        "beta_2": _number(),
        "checkpoint_frequency": _whole(1),
        "early_stopping": _choice("True", "False"),
        "early_stopping_min_epochs": _whole(1),
        "early_stopping_patience": _whole(1),
        "early_stopping_tolerance": _number(),
        "epochs": _whole(1),
        "eps": _number(),
        "gamma": _number(),
        "image_shape": Rule(
            "channels,height,width such as 3,96,96", lambda text: shape_of(text) is not None
        ),
        "kv_store": _choice("dist_sync", "dist_async"),
        "learning_rate": _number(),
        "lr_scheduler_factor": _number(),
        "lr_scheduler_step": Rule(
            "epochs such as 10,20", lambda text: _STEPS.fullmatch(text) is not None
        ),
        "mini_batch_size": _whole(1),
        "momentum": _number(),
        "multi_label": _FLAG,
        "num_layers": _choice(*SMALL_NETWORKS, *LARGE_NETWORKS),
        "optimizer": _choice("sgd", "adam", "rmsprop", "nag"),
        "precision_dtype": _choice("float32", "float16"),
        "resize": _whole(1),
        "top_k": _whole(2),
        "use_pretrained_model": _FLAG,
        "use_weighted_loss": _FLAG,
        "weight_decay": _number(),
    }
)
REQUIRED = ("num_classes", "num_training_samples")
DEFAULTS: Mapping[str, str] = MappingProxyType(
    {
        "beta_1": "0.9",
        "beta_2": "0.999",
        "early_stopping": "False",
        "early_stopping_min_epochs": "10",
        "early_stopping_patience": "5",
        "early_stopping_tolerance": "0.0",
        "epochs": "30",
        "eps": "1e-8",
        "gamma": "0.9",
        "image_shape": PRETRAINED_SHAPE,
        "learning_rate": "0.1",
        "lr_scheduler_factor": "0.1",
        "mini_batch_size": "32",
        "momentum": "0.9",
        "multi_label": "0",
        "num_layers": "152",
        "optimizer": "sgd",
        "precision_dtype": "float32",
        "use_pretrained_model": "0",
        "use_weighted_loss": "0",
        "weight_decay": "0.0001",
    }
)
TUNABLE: Mapping[str, tuple[float, float] | None] = MappingProxyType(
    {
        "beta_1": (1e-6, 0.999),
        "beta_2": (1e-6, 0.999),
        "eps": (1e-8, 1.0),
        "gamma": (1e-8, 0.999),
        "learning_rate": (1e-6, 0.5),
        "mini_batch_size": (8, 512),
        "momentum": (0.0, 0.999),
        "weight_decay": (0.0, 0.999),
        "optimizer": None,
    }
)
"""What may be searched and between which bounds; None: among its choices."""


def fault(name: str, value: str) -> str | None:
    """Return what is wrong with one hyperparameter, in words, or None."""
    rule = RULES.get(name)
    if rule is None:
        return (
            f"the built-in algorithm has no hyperparameter {name[:60]!r}; "
            f"it has {', '.join(sorted(RULES))}"
        )
    if not rule.allows(value.strip()):
        return f"{name} is {value[:60]!r}; for the built-in algorithm it must be {rule.said}"
    return None


def faults(values: Mapping[str, str]) -> list[str]:
    """Return all that is wrong with the hyperparameters of a job, alone and together."""
    found = [text for name, value in values.items() if (text := fault(name, value))]
    found += [
        f"{name} is missing, which the built-in algorithm needs"
        for name in REQUIRED
        if name not in values
    ]
    return found or _together({**DEFAULTS, **values})


def _together(values: Mapping[str, str]) -> list[str]:
    """Return what does not go together of values that are right alone."""
    found = []
    if values["use_weighted_loss"] == "1" and values["multi_label"] == "0":
        found.append("use_weighted_loss=1 needs multi_label=1")
    if int(values.get("checkpoint_frequency", "1")) > int(values["epochs"]):
        found.append(
            f"checkpoint_frequency {values['checkpoint_frequency']} is more than "
            f"the {values['epochs']} epochs"
        )
    if values["use_pretrained_model"] == "1":
        if values["image_shape"].replace(" ", "") != PRETRAINED_SHAPE:
            found.append(f"use_pretrained_model=1 needs image_shape {PRETRAINED_SHAPE}")
        if values["num_layers"] not in LARGE_NETWORKS:
            found.append(f"use_pretrained_model=1 needs num_layers of {', '.join(LARGE_NETWORKS)}")
    shape = shape_of(values["image_shape"])
    if "resize" in values and shape and int(values["resize"]) <= max(shape[1:]):
        found.append(
            f"resize {values['resize']} must be above height and width of the image_shape, "
            f"{values['image_shape']}"
        )
    return found
