"""A person's own script as a run's training job: SageMaker's script mode, without a network.

https://github.com/aws/sagemaker-training-toolkit - the archive is a channel, as SageMaker's SDK
makes it one where a job has no network.
"""

import json

from tagline.formats.settings import Settings
from tagline.jobs.limits import TooExpensive, parameter
from tagline.jobs.sagemaker import Stack
from tagline.settings.script import SETTING, arguments, check_type

CHANNEL = "code"
_ARCHIVE = f"/opt/ml/input/data/{CHANNEL}/sourcedir.tar.gz"


def scripted(settings: Settings) -> bool:
    """Return whether a run trains by a person's own script."""
    return settings.training.script is not None


def image_of(settings: Settings, stack: Stack) -> str:
    """Return the image that runs scripts; raises TooExpensive where this stack has none.

    InvalidSettings is raised for a machine that it would be no use on.
    """
    if settings.training.instance_type is None:
        check_type(stack.instance_type, parameter("TrainingInstanceType"))
    if stack.script_image:
        return stack.script_image
    raise TooExpensive(
        f"{SETTING} is set, and the stack's parameter ScriptImageUri names no image that runs it: "
        "let the stack's owner push the image (`tagline images push`) and deploy with it"
    )


def hyperparameters(settings: Settings) -> dict[str, str]:
    """Return the script's arguments, and what the toolkit is told, as SageMaker's strings."""
    told = {
        "sagemaker_program": settings.training.entry,
        "sagemaker_submit_directory": _ARCHIVE,
    }
    return {**arguments(settings.training), **{name: json.dumps(v) for name, v in told.items()}}
