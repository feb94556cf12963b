"""A run step by step before it runs: time, price, what bounds it, and quotas that it needs."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

from tagline.formats.costs import Cost
from tagline.formats.document import Record
from tagline.pricing.forecast import Rates
from tagline.pricing.machines import PACKING
from tagline.scale import figures as f
from tagline.scale.checks import Check
from tagline.scale.limits import (
    StepName,
    evaluate_checks,
    fetch_checks,
    pack_checks,
    plan_checks,
    train_checks,
)
from tagline.scale.load import Load

STATES: dict[StepName, frozenset[str]] = {
    "plan": frozenset({"PlanDataset", "PlanInTask"}),
    "fetch": frozenset({"FetchShards"}),
    "pack": frozenset({"PackDataset", "PackParts", "JoinParts"}),
    "train": frozenset({"PlanTraining", "Train", "Tune"}),
    "evaluate": frozenset({"PlanEvaluation", "Evaluate", "DecidePromotion"}),
    "deploy": frozenset({"PlanDeployment", "SmokeTest", "RecordChampion", "RecordOutcome"}),
}
"""The states of the flow that a step's price is of."""
_PAGE = 1000  # keys of a listing
_FILES_OF_A_SHARD = 3  # rows, images, verdicts
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
    seconds: float
    mark: f.Mark
    """How the time is known."""
    source: str
    price: float | None
    """Of machines; null where a price is not known."""
    requests: float
    """What S3's requests cost, in USD of us-east-1: assumed, and in no bill of Tagline's."""
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
    """Return the limits for which a run cannot be planned."""
    return tuple(check for step in told for check in step.hit if check.wall)


def _steps(load: Load, cost: Cost) -> Iterator[Step]:
    seconds = _RATES.step + load.images / f.PLANNED.value
    puts = math.ceil(load.images / _PAGE) + load.shards
    planned = replace(f.PLANNED, mark=load.as_known(f.TIME_ROWS))
    yield _step("plan", seconds, planned, cost, plan_checks(load, seconds), puts=puts)

    together = load.images / min(load.fetching * f.FETCHED.value, f.GETS.value)
    seconds = max(together, min(load.images, load.shard_images) / f.FETCHED.value)
    yield _step(
        "fetch",
        seconds,
        f.FETCHED,
        cost,
        fetch_checks(load, seconds),
        quotas=(
            _new("Lambda: concurrent executions, beside the API's", load.fetching, f.NEW_LAMBDAS),
        ),
        gets=load.images + load.shards,
        puts=_FILES_OF_A_SHARD * load.shards,
    )

    tasks = min(load.tasks, load.stack.pack_concurrency)
    one = _RATES.task_start + load.task_images / f.PACKED.value
    joining = 0.0 if load.tasks == 1 else _RATES.task_start + load.images / f.JOINED.value
    seconds = math.ceil(load.tasks / tasks) * one + joining
    yield _step(
        "pack",
        seconds,
        f.PACKED,
        cost,
        pack_checks(load, max(one, joining)),
        quotas=(_new("Fargate On-Demand vCPUs", math.ceil(tasks * PACKING.vcpus), f.NEW_VCPUS),),
        gets=_FILES_OF_A_SHARD * load.shards,
        puts=load.tasks,
    )

    loading = load.images * load.record_bytes / f.LOADED.value
    job = loading + load.learning / load.settings.training.instance_count
    seconds = load.rounds * (_RATES.job_start + job)
    yield _step(
        "train",
        seconds,
        f.LEARNED,
        cost,
        train_checks(load, job),
        quotas=(_new(f"{load.training_type} for training job usage", load.machines),),
    )

    judging = 2 * load.views * load.held / f.JUDGED.value  # the champion, too
    seconds = _RATES.job_start + judging
    yield _step(
        "evaluate",
        seconds,
        f.JUDGED,
        cost,
        evaluate_checks(load, judging),
        quotas=(_new(f"{load.evaluation_type} for processing job usage", 1),),
    )

    wanted = load.settings.endpoint
    count = wanted.max_instances or wanted.instance_count or 1
    endpoint = _new(f"{wanted.instance_type or load.endpoint_type} for endpoint usage", count)
    quotas = (endpoint,) if wanted.mode == "instances" else ()
    yield _step("deploy", f.RELEASED.value, f.RELEASED, cost, (), quotas=quotas)


def _new(name: str, needed: int, new_account: int | None = None) -> Quota:
    return Quota(name=name, needed=needed, new_account=new_account)


def _step(
    name: StepName,
    seconds: float,
    by: f.Figure,
    cost: Cost,
    checks: Iterable[Check],
    *,
    quotas: tuple[Quota, ...] = (),
    gets: float = 0,
    puts: float = 0,
) -> Step:
    limits = tuple(checks)
    nearest = max(limits, key=lambda check: check.share, default=None)
    prices = [state.price for state in cost.states if state.state in STATES[name]]
    known = [price for price in prices if price is not None]
    return Step(
        step=name,
        seconds=seconds,
        mark=by.mark,
        source=by.source,
        price=sum(known) if len(known) == len(prices) else None,
        requests=gets * f.USD_PER_GET.value + puts * f.USD_PER_PUT.value,
        bound_by=nearest.name if nearest else None,
        limits=limits,
        quotas=quotas,
    )
