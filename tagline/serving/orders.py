"""A person's order is given: checked as the flow will check it, then an execution is started.

It has the stack's own rights; whoever gives it needs `states:StartExecution`, to read the bucket
and, to redeploy, `sagemaker:DescribeEndpoint`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from tagline.aws.s3 import Bucket
from tagline.formats.keys import RunKeys
from tagline.formats.names import first_restoration, order_name, restoring_name
from tagline.formats.outcomes import Champion, Order
from tagline.formats.owners import owns_run
from tagline.formats.steps import OrderInput, Restore, RestoreInput, RunEvent
from tagline.planning.standing import find_champion
from tagline.serving.ordering import OrderRefused, take_order
from tagline.serving.reigns import former_champion, rolled_back_from

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

LONGEST_WHY = 500  # characters


@dataclass(frozen=True)
class Given:
    """An order that an execution carries out."""

    execution: str
    run: str
    dataset: str
    instead_of: str | None = None
    """The champion that it takes the place of."""
    order: Order | None = None
    """None where the champion is brought back."""


@dataclass(frozen=True)
class Orders:
    """The orders of one stack: its data bucket, its flow by ARN, its name."""

    bucket: Bucket
    states: "SFNClient"
    machine: str
    stack: str
    clock: Callable[[], float] = time.time

    def make_champion(
        self, run: str, kind: Literal["promote", "rollback"], *, by: str, why: str
    ) -> Given:
        """Have a run made champion; raises OrderRefused for what the flow would refuse."""
        at = int(self.clock())
        order = Order(kind=kind, by=by, why=checked_why(why), at=_moment(at))
        taken = take_order(self.bucket, run, order, self.stack)
        dataset = RunKeys(run).dataset
        sent = OrderInput(
            bucket=self.bucket.name, run=run, dataset=dataset, started=order.at, order=order
        )
        name = order_name(run, at)
        self._start(name, sent)
        return Given(name, run, dataset, taken.evaluation.champion_run, order)

    def bring_back(self, champion: Champion) -> Given:
        """Have a champion deployed again."""
        at = int(self.clock())
        dataset = RunKeys(champion.run).dataset
        sent = RestoreInput(
            bucket=self.bucket.name,
            run=champion.run,
            dataset=dataset,
            started=_moment(at),
            restore=Restore(endpoint=champion.endpoint, settled=True),
        )
        name = restoring_name(champion.run, first_restoration(at))
        self._start(name, sent)
        return Given(name, champion.run, dataset)

    def _start(self, name: str, given: RunEvent) -> None:
        try:
            self.states.start_execution(
                stateMachineArn=self.machine,
                name=name,
                input=msgspec.json.encode(given).decode(),
            )
        except self.states.exceptions.ExecutionAlreadyExists as exc:
            raise OrderRefused(f"this was ordered this very second, as {name}") from exc


def champion_of(bucket: Bucket, dataset: str) -> Champion:
    """Return the champion of a dataset; raises OrderRefused without one, or DamagedChampion."""
    champion = find_champion(bucket, dataset)
    if champion is None:
        raise OrderRefused(
            f"dataset {dataset} has no champion: `tagline runs {dataset}` lists its runs"
        )
    return champion


def former_of(bucket: Bucket, dataset: str, run: str | None) -> str:
    """Return the run to roll back to: the one named, or the last champion before; or OrderRefused.

    One that was rolled back from is passed over: two roll-backs never lead forward again.
    """
    champion = champion_of(bucket, dataset)
    former = run or former_champion(champion)
    if former is None:
        raise OrderRefused(_none_before(champion, dataset))
    if not owns_run(dataset, former):
        raise OrderRefused(f"run {former} is none of dataset {dataset}")
    return former


def _none_before(champion: Champion, dataset: str) -> str:
    run, back = next(iter(rolled_back_from(champion).items()), (None, None))
    if back is not None:
        at = f"{datetime.fromisoformat(back.at):%Y-%m-%d %H:%M} UTC"
        return (
            f"{run} was rolled back from at {at} ({back.why!r}), and there is no champion before "
            f"{champion.run} to go back to: `tagline promote {run} --why …` brings it back by name"
        )
    return (
        f"{champion.run} is the first champion of dataset {dataset}, there is none to go back "
        "to: `tagline promote RUN --why …` makes another run the champion"
    )


def checked_why(why: str) -> str:
    """Return a reason on one line; raises OrderRefused for none, and for one that is too long."""
    said = " ".join(why.split())
    if not said:
        raise OrderRefused("why is empty: say in some words why the gate is overruled")
    if len(said) > LONGEST_WHY:
        raise OrderRefused(f"why has {len(said)} characters, of {LONGEST_WHY} that it may have")
    return said


def _moment(seconds: int) -> str:
    """Return a time as documents have it: ISO 8601, UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
