"""What a training job meets."""

from collections.abc import Iterator

from tagline.jobs.sagemaker import disk
from tagline.scale import figures as f
from tagline.scale.checks import Check, check
from tagline.scale.load import Load
from tagline.scale.machines import memory

_MORE = "more training.instance_count, each with record files of its own"


def train_checks(load: Load, job_seconds: float) -> Iterator[Check]:
    """Yield what a training job meets; `job_seconds` without the machine's start."""
    yield check(
        name="training.max_runtime",
        needed=job_seconds,
        limit=load.settings.training.max_runtime,
        unit="s",
        mark=f.LEARNED.mark,
        source=f"dataset.yaml, five days at most; {f.LEARNED.source}",
        cure="a longer training.max_runtime, more training.instance_count, quality: fast, or a GPU",
    )
    if not load.streams:
        yield check(
            name="volume",
            needed=disk(int(load.host_bytes)),
            limit=f.VOLUME.value,
            unit="GiB",
            mark=f.JPEG_BYTES.mark,
            source=f"{f.VOLUME.source}; File mode: twice the data that a machine has",
            cure=f"training.input_mode: fastfile, or {_MORE}",
        )
    gib = memory(load.training_type)
    if gib is not None:
        yield check(
            name="machine's memory",
            needed=load.train_gib,
            limit=gib,
            unit="GiB",
            mark=f.TRAIN_ROW.mark,
            source=f.TRAIN_ROW.source,
            cure=f"training.input_mode: fastfile, {_MORE}, or a larger training.instance_type",
        )
