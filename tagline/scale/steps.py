"""A run step by step before it runs: time, price, what bounds it, and quotas that it needs."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from tagline.formats.costs import Cost
from tagline.formats.document import Record
from tagline.jobs.limits import trials_of
from tagline.pricing.forecast import PLAN_TASK, Rates
from tagline.pricing.machines import PACKING, PLANNING
from tagline.scale import figures as f
from tagline.scale.checks import Check
from tagline.scale.limits.evaluate import evaluate_checks
from tagline.scale.limits.fetch import fetch_checks
from tagline.scale.limits.pack import pack_checks
from tagline.scale.limits.plan import plan_checks
from tagline.scale.limits.train import train_checks
from tagline.scale.load import Load
from tagline.scale.parts import Part, longest, part
from tagline.scale.requests import Requests
from tagline.scale.training import TrainingLoad

StepName = Literal["plan", "fetch", "pack", "train", "evaluate", "deploy"]
STATES: dict[StepName, frozenset[str]] = {
    "plan": frozenset({"PlanDataset", PLAN_TASK}),
    "fetch": frozenset({"FetchShards"}),
    "pack": frozenset({"PackDataset", "PackParts", "JoinParts"}),
    "train": frozenset({"PlanTraining", "Train", "Tune"}),
    "evaluate": frozenset({"PlanEvaluation", "Evaluate", "DecidePromotion"}),
    "deploy": frozenset({"PlanDeployment", "SmokeTest", "RecordChampion", "RecordOutcome"}),
}
"""The states of the flow that a step's price is of."""
_FILES_OF_A_PART = 4  # a side's records each, and what the part is
_FILES_OF_A_PLAN = 6
_STATES_AROUND = 60  # transitions of a run beside its maps
_RATES = Rates()


class Quota(Record, kw_only=True):
    """What an account must allow."""

    name: str
    needed: int
    new_account: int | None
    """What a new account has; null where that is not known."""


class Step(Record, kw_only=True):
    """A step of a run, told beforehand."""

    step: StepName
    way: str
    """Which of its ways the step goes for this run, such as by one Lambda or by a task."""
    seconds: float
    parts: tuple[Part, ...]
    """Of its time."""
    mark: f.Mark
    """How the longest part of the time is known."""
    source: str
    price: float | None
    """Of machines; null where a price is not known."""
    asked: Requests
    requests: float
    """What those of S3 and Step Functions cost, in USD of us-east-1: assumed, and in no bill of
    Tagline's."""
    bound_by: str | None
    """The limit that is nearest; null where the number of images meets none."""
    limits: tuple[Check, ...] = ()
    quotas: tuple[Quota, ...] = ()

    @property
    def hit(self) -> tuple[Check, ...]:
        """The limits of which more is needed than there is."""
        return tuple(check for check in self.limits if check.hit)


def steps(load: Load, cost: Cost) -> tuple[Step, ...]:
    """Return the steps of a run in their order; `cost` is its forecast."""
    return tuple(_steps(load, cost))


def walls(told: Iterable[Step]) -> tuple[Check, ...]:
    """Return the limits that are hit and without which a run cannot be planned."""
    return tuple(check for step in told for check in step.hit if check.wall)


def _steps(load: Load, cost: Cost) -> Iterator[Step]:
    yield _plan(load, cost)
    yield _fetch(load, cost)
    yield _pack(load, cost)
    yield _train(load, cost)
    yield _evaluate(load, cost)
    yield _deploy(load, cost)


def _plan(load: Load, cost: Cost) -> Step:
    reading = _read_by_task(load) if load.planned_by_task else _read_by_function(load)
    parts = (*reading, part("listing", load.lists / f.LISTED.value, f.LISTED))
    seconds = sum(part.seconds for part in parts)
    asked = Requests(
        gets=1,
        puts=load.shards + _FILES_OF_A_PLAN,
        lists=load.lists,
        transitions=_STATES_AROUND,
    )
    way = "a container task" if load.planned_by_task else "one Lambda"
    quotas = [_new("Fargate On-Demand vCPUs", math.ceil(PLANNING.vcpus), f.NEW_VCPUS)]
    checks = plan_checks(load, seconds, longest(parts).mark)
    return _step("plan", way, parts, cost, checks, asked=asked,
                 quotas=tuple(quotas if load.planned_by_task else ()))  # fmt: skip


def _read_by_function(load: Load) -> tuple[Part, ...]:
    known = load.as_known(f.TIME_ROWS)
    return (part("rows", _RATES.step + load.images / f.PLANNED.value, f.PLANNED, known),)


def _read_by_task(load: Load) -> tuple[Part, ...]:
    return (
        part("start", _RATES.task_start, f.TASK_START),
        part(
            "rows", load.images / f.TASK_PLANNED.value, f.TASK_PLANNED, load.as_known(f.TASK_ROWS)
        ),
    )


def _fetch(load: Load, cost: Cost) -> Step:
    together = load.images / min(load.fetching * f.FETCHED.value, f.GETS.value)
    seconds = max(together, min(load.images, load.shard_images) / f.FETCHED.value)
    asked = Requests(
        gets=load.images + load.shards,
        puts=f.SHARD_FILES.value * load.shards,
        transitions=load.transitions,
    )
    quota = _new("Lambda: concurrent executions, beside the API's", load.fetching, f.NEW_LAMBDAS)
    way = f"{load.fetching:,} calls at a time, {load.shards:,} in all"
    return _step("fetch", way, (part("images", seconds, f.FETCHED),), cost,
                 fetch_checks(load, seconds), asked=asked, quotas=(quota,))  # fmt: skip


def _pack(load: Load, cost: Cost) -> Step:
    tasks = min(load.tasks, load.stack.pack_concurrency)
    turns = math.ceil(load.tasks / tasks)
    rate = _RATES.packing(load.image_bytes)
    one = load.task_images / rate
    alone = load.tasks - (turns - 1) * tasks == 1  # in the last turn, the task that may be shorter
    last = (load.images - (load.tasks - 1) * load.task_images) / rate if alone else one
    parts = [part("starts", turns * _RATES.task_start, f.TASK_START),
             part("packing", (turns - 1) * one + last, f.PACKED)]  # fmt: skip
    task = part("packing", one, f.PACKED)  # the longest
    if load.tasks > 1:
        known = load.as_known(f.TIME_ROWS)
        joining = part("joining", load.images / f.JOINED.value, f.JOINED, known)
        parts += [part("join's start", _RATES.task_start, f.TASK_START), joining]
        task = longest((task, joining))
    asked = Requests(
        gets=f.SHARD_FILES.value * load.shards + load.tasks,
        puts=load.tasks * _FILES_OF_A_PART + load.record_files,
        transitions=load.tasks * f.TASK_TRANSITIONS.value,
    )
    way = f"{load.tasks:,} tasks, {tasks:,} at a time" if load.tasks > 1 else "one task"
    files = "" if load.record_files == 1 else f"; {load.record_files:,} files to train on"
    checks = pack_checks(load, _RATES.task_start + task.seconds, task.mark)
    quota = _new("Fargate On-Demand vCPUs", math.ceil(tasks * PACKING.vcpus), f.NEW_VCPUS)
    return _step("pack", way + files, parts, cost, checks, asked=asked, quotas=(quota,))


def _train(load: Load, cost: Cost) -> Step:
    training = TrainingLoad(load)
    learning = training.learning / load.settings.training.instance_count
    parts = (
        part("starts", training.rounds * _RATES.job_start, f.JOB_START),
        part("loading", training.rounds * training.loading, f.LOADED),
        part("learning", training.rounds * learning, f.LEARNED),
    )
    count = load.settings.training.instance_count
    streamed = ", streamed" if training.streams else ""
    tuning = load.settings.tuning
    jobs = (
        f"{trials_of(load.settings)} jobs, {tuning.max_parallel_jobs} at a time: " if tuning else ""
    )
    way = f"{jobs}{count:,} x {load.training_type}, {training.input_mode} mode{streamed}"
    asked = Requests(gets=training.rounds * training.channel_reads)
    quota = _new(f"{load.training_type} for training job usage", training.machines)
    checks = train_checks(load, training.loading + learning)
    return _step("train", way, parts, cost, checks, asked=asked, quotas=(quota,))


def _evaluate(load: Load, cost: Cost) -> Step:
    judging = 2 * load.views * load.held / f.JUDGED.value  # the champion, too
    parts = (part("start", _RATES.job_start, f.JOB_START), part("judging", judging, f.JUDGED))
    quota = _new(f"{load.evaluation_type} for processing job usage", 1)
    return _step("evaluate", load.evaluation_type, parts, cost, evaluate_checks(load, judging),
                 quotas=(quota,))  # fmt: skip


def _deploy(load: Load, cost: Cost) -> Step:
    wanted = load.settings.endpoint
    count = wanted.max_instances or wanted.instance_count or 1
    kind = wanted.instance_type or load.endpoint_type
    instances = wanted.mode == "instances"
    quotas = (_new(f"{kind} for endpoint usage", count),) if instances else ()
    way = f"{count:,} x {kind}" if instances else wanted.mode
    parts = (part("endpoint", f.RELEASED.value, f.RELEASED),)
    return _step("deploy", way, parts, cost, (), quotas=quotas)


def _new(name: str, needed: int, new_account: int | None = None) -> Quota:
    return Quota(name=name, needed=needed, new_account=new_account)


def _step(
    name: StepName,
    way: str,
    parts: Sequence[Part],
    cost: Cost,
    checks: Iterable[Check],
    *,
    asked: Requests = Requests(),  # noqa: B008 - a frozen one
    quotas: tuple[Quota, ...] = (),
) -> Step:
    limits = tuple(checks)
    nearest = max(limits, key=lambda check: check.share, default=None)
    prices = [state.price for state in cost.states if state.state in STATES[name]]
    known = [price for price in prices if price is not None]
    most = longest(parts)
    return Step(
        step=name,
        way=way,
        seconds=sum(part.seconds for part in parts),
        parts=tuple(parts),
        mark=most.mark,
        source=most.source,
        price=sum(known) if len(known) == len(prices) else None,
        asked=asked,
        requests=asked.price,
        bound_by=nearest.name if nearest else None,
        limits=limits,
        quotas=quotas,
    )
