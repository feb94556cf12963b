"""What `training.algorithm: builtin` can be asked for, and what only Tagline's own trainer has."""

from collections.abc import Mapping

from msgspec.structs import asdict

from tagline.formats.image_classification import FAMILIES, RULES, TUNABLE, USUAL, fault, trains_on
from tagline.formats.settings import Settings, Training, Tuning
from tagline.settings.errors import InvalidSettings

NETWORKS = {"auto": None, "resnet18_v1": "18", "resnet50_v1": "50", "resnet152_v1": "152"}
"""The built-in's num_layers by our name of the network; None leaves it to the plan."""
_ALGORITHM, _OWN = "training.algorithm", "training.hyperparameters"
_OURS_ALONE = {  # settings that the built-in has nothing for, and the values that ask for nothing
    "loss": (None, "bce", "weighted"),
    "label_smoothing": (None, 0),
    "dropout": (None, 0),
    "weight_averaging": (None, 0),
    "views": (None, 1),
    "calibration": ("none",),
    "seed": (0,),
    "engine": ("auto", "mxnet"),
    "start_from": ("auto", "none"),
    "shuffle_buffer": (None,),
    "augmentation_type": (None, "none", "crop", "crop_color", "crop_color_transform"),
    "network": tuple(NETWORKS),
}
_DECIDED = ("multi_label", "num_classes", "num_training_samples")


def check_algorithm(settings: Settings) -> None:
    """Raise InvalidSettings for what the algorithm that is asked for does not know or allow."""
    training = settings.training
    if training.algorithm == "ours":
        if training.hyperparameters and training.script is None:
            raise InvalidSettings(
                f"{_OWN}: these are the built-in algorithm's; set {_ALGORITHM}: builtin, or name "
                "the settings of training themselves; or a script's: set training.script",
                _OWN,
            )
        return
    _check_training(training)
    for name, value in own_hyperparameters(training).items():
        _check_own(training, name, value)
    if settings.tuning:
        _check_ranges(settings.tuning)


def own_hyperparameters(training: Training) -> dict[str, str]:
    """Return the built-in's hyperparameters that the settings name, as SageMaker's strings."""
    given: Mapping[str, str | bool | int | float] = training.hyperparameters or {}
    return {name: _text(name, value) for name, value in given.items()}


def _check_training(training: Training) -> None:
    for name, neutral in _OURS_ALONE.items():
        value = getattr(training, name)
        if value not in neutral:
            able = [str(each) for each in neutral if each is not None]
            said = (
                f": the built-in algorithm does not know {value}: take {' or '.join(able)}"
                if able
                else " is not known to the built-in algorithm: leave it out"
            )
            raise InvalidSettings(
                f"training.{name}{said}, or {_ALGORITHM}: ours", f"training.{name}"
            )
    kind = training.instance_type
    if kind is not None and not trains_on(kind):
        raise InvalidSettings(
            f"training.instance_type: the built-in algorithm trains on the instance families "
            f"{FAMILIES} alone, and not on {kind}: take such as {USUAL}",
            "training.instance_type",
        )
    own = own_hyperparameters(training)
    if training.instance_count > 1 and "kv_store" not in own:
        raise InvalidSettings(
            "training.instance_count: on several machines the built-in algorithm needs "
            f"{_OWN}: {{kv_store: dist_sync}} (or dist_async), which says how they learn together",
            "training.instance_count",
        )


def _check_own(training: Training, name: str, value: str) -> None:
    path = f"{_OWN}.{name[:60]}"
    if name in _DECIDED:
        raise InvalidSettings(f"{path}: the plan says it, by the dataset: leave it out", path)
    if name in RULES and name in Training.__struct_fields__:
        raise InvalidSettings(f"{path}: set training.{name}, which is the same", path)
    if wrong := fault(name, value):
        raise InvalidSettings(f"{path}: {wrong}", path)
    if name == "num_layers" and training.network != "auto":
        raise InvalidSettings(
            f"{path}: training.network says {training.network} already: keep one", path
        )
    if name.startswith("early_stopping") and training.early_stopping_patience is not None:
        raise InvalidSettings(
            f"{path}: training.early_stopping_patience is set, too: keep one of them", path
        )


def _check_ranges(tuning: Tuning) -> None:
    for name, values in asdict(tuning.ranges).items():
        path = f"tuning.ranges.{name}"
        if values is None:
            continue
        if name not in TUNABLE:
            raise InvalidSettings(
                f"{path}: cannot be tuned with the built-in algorithm; "
                f"known: {', '.join(sorted(set(TUNABLE) & set(Training.__struct_fields__)))}",
                path,
            )
        bounds = TUNABLE[name]
        if bounds and not (bounds[0] <= values[0] and values[1] <= bounds[1]):
            raise InvalidSettings(
                f"{path}: the built-in algorithm is tuned between {bounds[0]:g} and {bounds[1]:g}, "
                f"found {values[0]:g} to {values[1]:g}",
                path,
            )


def _text(name: str, value: str | float) -> str:
    """Return a value as the built-in writes it: its flags are 1 and 0, but one is True or False."""
    if isinstance(value, bool):
        return str(value) if name == "early_stopping" else str(int(value))
    if name == "early_stopping" and str(value).lower() in ("true", "false"):
        return str(value).capitalize()
    return f"{value:g}" if isinstance(value, float) else str(value).strip()
