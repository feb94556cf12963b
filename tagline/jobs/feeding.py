"""How a training job gets its records: which machine gets which files, and whether it copies them.

File mode copies what a machine gets before training begins; FastFile shows the same files, whose
bytes come from S3 when they are read. Validation images are copied always: they are read again
after each epoch, on every machine.
"""

from dataclasses import dataclass

from tagline.formats.instances import memory
from tagline.formats.packed import PackedDataset
from tagline.formats.rows import Side
from tagline.formats.sagemaker import Distribution, InputMode
from tagline.formats.settings import Training
from tagline.jobs.sagemaker import LARGEST_DISK, disk

IN_MEMORY = 0.5  # of a machine's memory: what files may have to be kept there, as the trainer does
_SOON_COPIED = 128 << 30  # bytes: at 100 MB a second, some twenty minutes


@dataclass(frozen=True)
class Feeding:
    """The training channel's mode and distribution, and the bytes that a machine's disk takes."""

    mode: InputMode
    distribution: Distribution
    on_disk: int


def feeding(dataset: PackedDataset, training: Training, instance_type: str) -> Feeding:
    """Return how a job of `training` on machines of a type gets a dataset's records.

    Of several machines each gets files of its own where there are as many files as machines.
    """
    files, machines = dataset.record_files(Side.TRAIN), training.instance_count
    sharded = 1 < machines <= len(files)
    mine = dataset.bytes.train
    if sharded:
        mine = max(sum(one.bytes for one in files[n::machines]) for n in range(machines))
    mode = input_mode(mine, dataset.bytes.validation, training, instance_type)
    return Feeding(
        mode,
        "ShardedByS3Key" if sharded else "FullyReplicated",
        dataset.bytes.validation + (mine if mode == "File" else 0),
    )


def input_mode(mine: float, validation: float, training: Training, instance_type: str) -> InputMode:
    """Return how a machine gets `mine` bytes of training files, beside those of validation.

    `input_mode: auto` is FastFile where they are more than 128 GiB, whose copying takes long, and
    more than half of its memory, so that our trainer streams them in any case; or where they are
    more than a disk holds.
    """
    if training.input_mode != "auto":
        return "FastFile" if training.input_mode == "fastfile" else "File"
    if training.algorithm != "ours" or training.script is not None:
        return "File"
    few = max(_SOON_COPIED, (memory(instance_type) or 0) * IN_MEMORY)
    return "FastFile" if mine > few or disk(int(mine + validation)) > LARGEST_DISK else "File"
