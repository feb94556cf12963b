"""What a plan meets: of one Lambda, or of the container task that plans what no Lambda holds."""

from collections.abc import Iterator

from tagline.formats.list_lines import MAX_LIST_BYTES
from tagline.listing.survey import MAX_ROWS
from tagline.pricing.machines import PLANNING, function_of
from tagline.scale import figures as f
from tagline.scale.checks import Check, check
from tagline.scale.load import Load
from tagline.split.memory import LINE_BYTES, MAX_TASK_BYTES

_MIB, _GIB = 2**20, 2**30
_TASK = "nothing to do; above it a container task plans"
_SPLIT_LIST = "split the list into several datasets"


def plan_checks(load: Load, seconds: float, known: f.Mark) -> Iterator[Check]:
    """Yield what the plan meets, the way that this list goes; a wall is what neither way plans.

    `known`: how its seconds are.
    """
    yield from _list_checks(load)
    yield from (_task_checks if load.planned_by_task else _function_checks)(load, seconds, known)


def _list_checks(load: Load) -> Iterator[Check]:
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
        mark="assumed" if load.list_bytes is None else "computed",
        source="tagline/formats/list_lines.py",
        cure=_SPLIT_LIST + ", or write labels as 0 and 1" * load.long_labels,
        wall=True,
    )
    yield check(
        name="split.txt",
        needed=load.images * LINE_BYTES,
        limit=MAX_TASK_BYTES,
        unit="bytes",
        mark="computed",
        source="tagline/split/memory.py: 19 bytes an image that was ever planned",
        cure=_SPLIT_LIST,
        wall=True,
    )


def _function_checks(load: Load, seconds: float, known: f.Mark) -> Iterator[Check]:
    """Yield what one Lambda meets: where it would be hit, a task plans."""
    yield check(
        name="PlanInTaskAbove",
        needed=load.images,
        limit=load.stack.plan_in_task_above,
        unit="rows",
        mark="computed",
        source="the stack's parameter; tagline/planning/room.py",
        cure=_TASK,
    )
    yield check(
        name="PlanDataset's memory",
        needed=load.plan_bytes / _MIB,
        limit=function_of("PlanDataset").memory,
        unit="MB",
        mark=load.as_known(f.MEMORY_ROWS),
        source=f"templates/steps.yaml; {f.PLAN_ROW.source}, a quarter more",
        cure=_TASK,
    )
    yield check(
        name="PlanDataset's time",
        needed=seconds,
        limit=f.LAMBDA_SECONDS.value,
        unit="s",
        mark=known,
        source=f"{f.LAMBDA_SECONDS.source}; {f.PLANNED.source}",
        cure="a lower PlanInTaskAbove: a container task plans what is more",
    )


def _task_checks(load: Load, seconds: float, known: f.Mark) -> Iterator[Check]:
    """Yield what the planning task meets."""
    yield check(
        name="task's time",
        needed=seconds,
        limit=f.TASK_SECONDS.value,
        unit="s",
        mark=known,
        source=f"{f.TASK_SECONDS.source}; {f.TASK_PLANNED.source}",
        cure=_SPLIT_LIST,
        wall=True,
    )
    yield check(
        name="task's memory",
        needed=load.task_plan_bytes / _GIB,
        limit=PLANNING.gb,
        unit="GB",
        mark=f.TASK_ROW.mark,
        source=f"templates/planning.yaml; {f.TASK_ROW.source}",
        cure="Cpu 8192 and Memory 61440, or 16384 and 122880, in templates/planning.yaml",
        wall=True,
    )
    yield check(
        name="task's disk",
        needed=load.task_plan_disk / _GIB,
        limit=PLANNING.disk,
        unit="GiB",
        mark=f.TASK_DISK.mark,
        source=f"templates/planning.yaml, the most that Fargate has; {f.TASK_DISK.source}",
        cure=_SPLIT_LIST,
        wall=True,
    )
