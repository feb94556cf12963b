"""What each step of a run needs, beside the limit that it meets: pure rules."""

from collections.abc import Iterator
from typing import Literal

from tagline.formats.list_lines import MAX_LIST_BYTES
from tagline.jobs.evaluation import MAX_RUNTIME
from tagline.jobs.sagemaker import disk
from tagline.listing.survey import MAX_ROWS
from tagline.planning.sharding import MAX_SHARDS
from tagline.pricing.machines import PACKING, function_of
from tagline.scale import figures as f
from tagline.scale.checks import Check, check
from tagline.scale.load import Load
from tagline.split.memory import LINE_BYTES, MAX_TASK_BYTES

StepName = Literal["plan", "fetch", "pack", "train", "evaluate", "deploy"]
_MIB = 2**20
_JUDGE_SETTINGS = "lower split.validation and split.test"
_SPLIT_LIST = "split the list into several datasets"
_PLAN_MEMORY = (
    "fewer labels, or a larger MemorySize of PlanDataset in templates/steps.yaml "
    f"(Lambda: {f.LAMBDA_MEMORY.value:,})"
)
_PREFIXES = "FetchConcurrency of at most 55, or images under several prefixes"


def plan_checks(load: Load, seconds: float) -> Iterator[Check]:
    """Yield what one PlanDataset meets; each of them is a wall."""
    lists: f.Mark = "assumed" if load.list_bytes is None else "computed"
    yield check(
        name="MAX_ROWS",
        needed=load.images,
        limit=MAX_ROWS,
        unit="rows",
        mark="computed",
        source="tagline/listing/survey.py",
        cure=_SPLIT_LIST,
        wall=True,
    )
    yield check(
        name="MAX_LIST_BYTES",
        needed=load.list_size,
        limit=MAX_LIST_BYTES,
        unit="bytes",
        mark=lists,
        source="tagline/formats/list_lines.py",
        cure=f"{_SPLIT_LIST}, or write labels as 0 and 1",
        wall=True,
    )
    yield check(
        name="split.txt",
        needed=load.images * LINE_BYTES,
        limit=MAX_TASK_BYTES,
        unit="bytes",
        mark="computed",
        source="tagline/split/memory.py: 19 bytes an image",
        cure=_SPLIT_LIST,
        wall=True,
    )
    if not load.in_function:  # a container task has both, and more of them
        return
    yield check(
        name="PlanDataset's memory",
        needed=load.plan_bytes / _MIB,
        limit=function_of("PlanDataset").memory,
        unit="MB",
        mark=load.as_known(f.MEMORY_ROWS),
        source=f"templates/steps.yaml; {f.PLAN_ROW.source}, a quarter more",
        cure=_PLAN_MEMORY,
        wall=True,
    )
    yield check(
        name="PlanDataset's time",
        needed=seconds,
        limit=f.LAMBDA_SECONDS.value,
        unit="s",
        mark=load.as_known(f.TIME_ROWS),
        source=f"{f.LAMBDA_SECONDS.source}; {f.PLANNED.source}",
        cure=_SPLIT_LIST,
        wall=True,
    )


def fetch_checks(load: Load, seconds: float) -> Iterator[Check]:
    """Yield what FetchShards meets."""
    yield check(
        name="shards' names",
        needed=load.shards,
        limit=MAX_SHARDS,
        unit="shards",
        mark="computed",
        source="tagline/planning/sharding.py: five digits sort",
        cure=_SPLIT_LIST,
        wall=True,
    )
    yield check(
        name="map input",
        needed=load.shards * f.SHARD_ITEM.value,
        limit=f.MAP_INPUT.value,
        unit="bytes",
        mark="computed",
        source=f.MAP_INPUT.source,
        cure=_SPLIT_LIST,
    )
    yield check(
        name="children at a time",
        needed=load.fetching,
        limit=f.CHILDREN.value,
        unit="children",
        mark="computed",
        source=f.CHILDREN.source,
        cure="a lower FetchConcurrency",
    )
    yield check(
        name="history",
        needed=f.HISTORY.value,
        limit=f.EVENTS.value,
        unit="events",
        mark=f.HISTORY.mark,
        source=f"{f.EVENTS.source}; {f.HISTORY.source}",
        cure="none is needed",
    )
    yield check(
        name="GET rate of a prefix",
        needed=load.fetching * f.FETCHED.value,
        limit=f.GETS.value,
        unit="requests/s",
        mark=f.FETCHED.mark,
        source=f"{f.GETS.source}; {f.FETCHED.source}",
        cure=_PREFIXES,
    )
    yield check(
        name="a run's time",
        needed=seconds,
        limit=f.RUN_SECONDS.value,
        unit="s",
        mark=f.FETCHED.mark,
        source=f.RUN_SECONDS.source,
        cure="a higher FetchConcurrency",
    )


def pack_checks(load: Load, task_seconds: float) -> Iterator[Check]:
    """Yield what the packing tasks meet; `task_seconds` are those of the longest."""
    smaller = "a lower PackShardsPerTask"
    yield check(
        name="a task's time",
        needed=task_seconds,
        limit=f.TASK_SECONDS.value,
        unit="s",
        mark=f.PACKED.mark,
        source=f.TASK_SECONDS.source,
        cure=smaller,
    )
    yield check(
        name="a task's disk",
        needed=load.task_images * (load.image_bytes + load.record_bytes) / 2**30,
        limit=PACKING.disk,
        unit="GiB",
        mark=f.IMAGE_BYTES.mark,
        source="templates/packing.yaml, the most that Fargate has",
        cure=smaller,
    )
    if load.tasks == 1:
        return
    yield check(
        name="JoinParts' memory",
        needed=load.join_gib,
        limit=PACKING.gb,
        unit="GB",
        mark=f.JOIN_ROW.mark,
        source=f"templates/packing.yaml; taken to grow with the rows, {f.JOIN_ROW.source}",
        cure="more Memory in templates/packing.yaml (Fargate: 120 GB)",
    )
    yield check(
        name="parts of an upload",
        needed=load.tasks,
        limit=f.MULTIPART.value,
        unit="parts",
        mark="computed",
        source=f.MULTIPART.source,
        cure="a higher PackShardsPerTask",
    )
    yield check(
        name="one record file a channel",
        needed=load.trained * load.record_bytes,
        limit=f.OBJECT_BYTES.value,
        unit="bytes",
        mark=f.JPEG_BYTES.mark,
        source=f.OBJECT_BYTES.source,
        cure="a smaller image.size",
    )


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
    yield check(
        name="a job's volume",
        needed=disk(int(load.images * load.record_bytes)),
        limit=f.VOLUME.value,
        unit="GiB",
        mark=f.JPEG_BYTES.mark,
        source=f"{f.VOLUME.source}; File mode: twice the data on every machine",
        cure="a smaller image.size",
    )
    memory = f.memory(load.training_type)
    if memory is not None:
        yield check(
            name="a training machine's memory",
            needed=load.train_gib,
            limit=memory,
            unit="GiB",
            mark=f.TRAIN_ROW.mark,
            source=f.TRAIN_ROW.source,
            cure="a larger training.instance_type",
        )


def evaluate_checks(load: Load, seconds: float) -> Iterator[Check]:
    """Yield what the evaluation meets."""
    yield check(
        name="Evaluate's time",
        needed=seconds,
        limit=MAX_RUNTIME,
        unit="s",
        mark=f.JUDGED.mark,
        source=f"tagline/jobs/evaluation.py; {f.JUDGED.source}",
        cure=_JUDGE_SETTINGS,
    )
    memory = f.memory(load.evaluation_type)
    if memory is not None:
        yield check(
            name="Evaluate's memory",
            needed=load.judge_gib,
            limit=memory,
            unit="GiB",
            mark=f.TRAIN_ROW.mark,
            source=f.JUDGE_LABEL.source,
            cure=_JUDGE_SETTINGS,
        )
