"""Which engine trains, and on what: the rule behind `training.engine: auto`."""

from typing import Literal

from tagline.formats.instances import has_gpu
from tagline.formats.settings import Training
from tagline.jobs.limits import TooExpensive, asked_by
from tagline.jobs.sagemaker import Stack

Engine = Literal["mxnet", "torch"]


def engine_of(wanted: Training, instance_type: str) -> Engine:
    """Return the engine that trains on an instance type.

    `auto` takes PyTorch where there is a GPU, and where several machines share the work, which
    MXNet does not do here; on one machine's CPU MXNet is as quick, and its image a tenth of it.
    """
    if wanted.engine != "auto":
        return wanted.engine
    return "torch" if has_gpu(instance_type) or wanted.instance_count > 1 else "mxnet"


def image_of(wanted: Training, stack: Stack) -> str:
    """Return the image that trains; raises TooExpensive where this stack has none that can."""
    kind = wanted.instance_type or stack.instance_type
    if engine_of(wanted, kind) == "torch":
        if stack.torch_image:
            return stack.torch_image
        raise TooExpensive(
            f"training: {_why_torch(wanted, kind)}, and the stack's parameter TorchTrainerImageUri "
            "names no image: ask for one machine without a GPU, or let the stack's owner push "
            "the image (`tagline images push`) and deploy with it"
        )
    if has_gpu(kind):
        name = asked_by("training.instance_type", wanted.instance_type, "TrainingInstanceType")
        raise TooExpensive(
            f"training.engine: mxnet trains on no GPU, and {kind} ({name}) has one, which would be "
            "paid for in vain: leave the engine to auto, or name torch or a CPU type"
        )
    return stack.image


def _why_torch(wanted: Training, kind: str) -> str:
    if wanted.engine == "torch":
        return "training.engine asks for torch"
    if has_gpu(kind):
        return f"{kind} has a GPU, which is torch's to train on"
    return f"training.instance_count is {wanted.instance_count}, which needs torch"
