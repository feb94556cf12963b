"""What goes with `training.script`, a person's own: most settings of `training` are not for it."""

import json
import re
from collections.abc import Mapping

from tagline.formats.instances import has_gpu
from tagline.formats.settings import Settings, Training
from tagline.settings.errors import InvalidSettings

SETTING, OWN = "training.script", "training.hyperparameters"
_ITS = frozenset(
    {"script", "entry", "hyperparameters", "instance_type", "max_runtime", "spot", "algorithm"}
)
_NAME = re.compile(r"[A-Za-z_][\w-]{0,255}", re.ASCII)
_RESERVED = ("sagemaker_", "_tuning")  # the toolkit's and SageMaker's own
_MOST, _LONGEST = 90, 2500  # SageMaker's are 100 of 2,500 characters; some are the run's


def check_script(settings: Settings) -> None:
    """Raise InvalidSettings for settings that a person's own script could not follow."""
    training = settings.training
    if training.script is None:
        if training.entry != Training().entry:
            raise InvalidSettings(
                f"training.entry names a file of {SETTING}, which is not set", "training.entry"
            )
        return
    if training.algorithm != "ours":
        raise InvalidSettings(
            f"training.algorithm: {training.algorithm} and {SETTING} exclude each other: keep one",
            "training.algorithm",
        )
    _check_machine(training)
    unset = Training()
    for name in Training.__struct_fields__:
        if name not in _ITS and getattr(training, name) != getattr(unset, name):
            raise InvalidSettings(
                f"training.{name} is a setting of Tagline's own trainer, and {SETTING} is set: "
                f"leave it out, or hand it to the script as {OWN}: {{{name}: …}}",
                f"training.{name}",
            )
    if settings.quality != "standard":
        raise InvalidSettings(
            f"quality: {settings.quality} chooses settings of Tagline's own trainer, and {SETTING} "
            "is set: leave it out",
            "quality",
        )
    if settings.tuning and settings.tuning.strategy == "Hyperband":
        raise InvalidSettings(
            f"tuning.strategy: Hyperband counts epochs, of which nothing is known with {SETTING}: "
            "take Random or Bayesian",
            "tuning.strategy",
        )
    arguments(training)


def arguments(training: Training) -> dict[str, str]:
    """Return the script's arguments as SageMaker's SDK writes them: JSON, so that types stay."""
    given: Mapping[str, str | bool | int | float] = training.hyperparameters or {}
    if len(given) > _MOST:
        raise InvalidSettings(f"{OWN}: {len(given)} of them; at most {_MOST} are taken", OWN)
    found = {}
    for name, value in given.items():
        path = f"{OWN}.{name[:60]}"
        if not _NAME.fullmatch(name) or name.startswith(_RESERVED):
            raise InvalidSettings(
                f"{path}: a name of letters, digits, _ and - is expected, which does not begin "
                f"with {' or '.join(_RESERVED)}",
                path,
            )
        found[name] = json.dumps(value)
        if len(found[name]) > _LONGEST:
            raise InvalidSettings(
                f"{path}: {len(found[name]):,} characters are more than the {_LONGEST:,} that "
                "SageMaker takes",
                path,
            )
    return found


def _check_machine(training: Training) -> None:
    if training.instance_count > 1:
        raise InvalidSettings(
            f"training.instance_count: a script of one's own ({SETTING}) trains on one machine, "
            f"and {training.instance_count} are asked for",
            "training.instance_count",
        )
    if training.instance_type is not None:
        check_type(training.instance_type, "training.instance_type")


def check_type(instance_type: str, asked_by: str) -> None:
    """Raise InvalidSettings for a machine with a GPU, for which the image has no MXNet."""
    if has_gpu(instance_type):
        raise InvalidSettings(
            f"{asked_by}: {instance_type} has a GPU, which would be paid for in vain: MXNet 1.9.1 "
            f"of the image that runs {SETTING} knows CPUs alone: name such as ml.c5.4xlarge",
            "training.instance_type",
        )
