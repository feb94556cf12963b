"""What the packing tasks meet, and the one that joins their parts."""

import math
from collections.abc import Iterator

from tagline.pricing.machines import PACKING
from tagline.scale import figures as f
from tagline.scale.checks import Check, check
from tagline.scale.load import Load

_SMALLER = "a lower PackShardsPerTask"
_FILES = "a longer records.file_mib"


def pack_checks(load: Load, task_seconds: float, known: f.Mark) -> Iterator[Check]:
    """Yield what the packing tasks meet; `task_seconds` are those of the longest, so `known`."""
    yield check(
        name="task's time",
        needed=task_seconds,
        limit=f.TASK_SECONDS.value,
        unit="s",
        mark=known,
        source=f.TASK_SECONDS.source,
        cure=_SMALLER,
    )
    yield check(
        name="task's disk",
        needed=load.task_images * (load.image_bytes + load.record_bytes) / 2**30,
        limit=PACKING.disk,
        unit="GiB",
        mark=f.IMAGE_BYTES.mark,
        source="templates/packing.yaml, the most that Fargate has",
        cure=_SMALLER,
    )
    if load.tasks > 1:
        yield from _join_checks(load)


def _join_checks(load: Load) -> Iterator[Check]:
    yield check(
        name="task's input",
        needed=load.stack.pack_shards_per_task * f.TASK_ITEM.value,
        limit=f.STATE_INPUT.value,
        unit="bytes",
        mark="computed",
        source=f"{f.STATE_INPUT.source}; {f.TASK_ITEM.source}",
        cure=_SMALLER,
    )
    yield check(
        name="JoinParts' memory",
        needed=load.join_gib,
        limit=PACKING.gb,
        unit="GB",
        mark=load.as_known(f.JOIN_ROWS),
        source=f"templates/packing.yaml; {f.JOIN_ROW.source}",
        cure="Cpu 8192 and Memory 61440, or 16384 and 122880, in templates/packing.yaml",
    )
    yield check(
        name="parts of an upload",
        needed=math.ceil(load.tasks / load.record_files) + 1,
        limit=f.MULTIPART.value,
        unit="parts",
        mark="computed",
        source=f.MULTIPART.source,
        cure="a higher PackShardsPerTask",
    )
    yield check(
        name="record file",
        needed=min(load.trained * load.record_bytes, load.settings.records.file_mib * 2**20),
        limit=f.OBJECT_BYTES.value,
        unit="bytes",
        mark=f.JPEG_BYTES.mark,
        source=f.OBJECT_BYTES.source,
        cure="a lower records.file_mib",
    )
    yield check(
        name="names of record files",
        needed=load.record_files,
        limit=f.RECORD_FILES.value,
        unit="files",
        mark=f.JPEG_BYTES.mark,
        source=f.RECORD_FILES.source,
        cure=_FILES,
    )
