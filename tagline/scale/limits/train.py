"""What a training job meets."""

from collections.abc import Iterator

from tagline.formats.instances import memory
from tagline.jobs.sagemaker import LARGEST_DISK, disk
from tagline.scale import figures as f
from tagline.scale.checks import Check, check
from tagline.scale.load import Load
from tagline.scale.training import TrainingLoad

RUNTIME = "training.max_runtime"
_MORE = "more training.instance_count, each with record files of its own"


def train_checks(load: Load, job_seconds: float) -> Iterator[Check]:
    """Yield what a training job meets; `job_seconds` without the machine's start."""
    training = TrainingLoad(load)
    yield check(
        name=RUNTIME,
        needed=job_seconds,
        limit=load.settings.training.max_runtime,
        unit="s",
        mark=f.LEARNED.mark,
        source=f"dataset.yaml, five days at most; {f.LEARNED.source}",
        cure="a longer training.max_runtime, more training.instance_count, quality: fast, or a GPU",
    )
    yield check(
        name="MostInstances",
        needed=training.machines,
        limit=load.stack.most_instances,
        unit="machines",
        mark="computed",
        source="the stack's parameter",
        cure="a higher MostInstances",
    )
    yield check(
        name="volume",
        needed=disk(int(training.copied_bytes)),
        limit=LARGEST_DISK,
        unit="GiB",
        mark=f.JPEG_BYTES.mark,
        source="SageMaker: GiB of a job's volume; twice the data that is copied to a machine",
        cure=f"training.input_mode: fastfile, or {_MORE}",
    )
    there = memory(load.training_type)
    if there is not None:
        yield check(
            name="machine's memory",
            needed=training.gib,
            limit=there / 2**30,
            unit="GiB",
            mark=f.TRAIN_ROW.mark,
            source=f.TRAIN_ROW.source,
            cure="lower split.validation, or a larger training.instance_type",
        )
