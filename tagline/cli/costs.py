"""`tagline costs`: what a month cost, by dataset, and the endpoints that nobody asks."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

import msgspec
from botocore.exceptions import ClientError

from tagline.aws.faults import error_code
from tagline.cli.batches import read_batches
from tagline.cli.errors import Refused
from tagline.cli.output import emit, money, print_json, rows_table, say
from tagline.cli.records import read_runs
from tagline.cli.retry_batch import batch_execution
from tagline.cli.runs_table import moment
from tagline.cli.serving_costs import EndpointCost, endpoint_costs
from tagline.cli.target import Target, find_target, is_laptop
from tagline.formats.costs import Cost
from tagline.formats.document import Record
from tagline.outcomes.usage import Usage
from tagline.pricing.bill import bill
from tagline.pricing.table import PriceList, price_list

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_DECEMBER = 12


class DatasetCost(Record, kw_only=True):
    """The runs and batches of a dataset that ended in the month."""

    dataset: str
    runs: int
    price: float
    """Of what is known."""
    incomplete: int
    """Runs and batches of which something is not in the price."""
    batches: int = 0


class MonthCost(Record, kw_only=True):
    """What `--json` prints."""

    month: str
    currency: str
    price: float
    """Of all that is known."""
    datasets: list[DatasetCost]
    endpoints: list[EndpointCost]


def costs(month: str | None, idle_days: int, stack: str, as_json: bool) -> None:
    """Tell what a month cost: runs, endpoints, and those that nobody asks."""
    now = datetime.now(UTC)
    name = month or f"{now:%Y-%m}"
    began, ended = _span(name, now)
    target = find_target(stack)
    prices = price_list(target.bucket, target.sagemaker.meta.region_name)
    datasets = by_dataset([*_runs(target), *_batches(target, prices)], began, ended)
    endpoints = list(endpoint_costs(target, prices, (began, ended), idle_days))
    together = sum(each.price for each in datasets) + sum(each.price or 0.0 for each in endpoints)
    found = MonthCost(
        month=name,
        currency=prices.currency,
        price=round(together, 4),
        datasets=datasets,
        endpoints=endpoints,
    )
    if as_json:
        print_json(msgspec.to_builtins(found))
        return
    _show(found, prices, idle_days, laptop=is_laptop(target.endpoint))


def _span(month: str, now: datetime) -> tuple[datetime, datetime]:
    """Return a month's begin and its end, or the present in it."""
    match = _MONTH.fullmatch(month)
    if match is None:
        raise Refused(f"{month} is no month: write it as 2026-11")
    year, number = int(match[1]), int(match[2])
    began = datetime(year, number, 1, tzinfo=UTC)
    if began > now:
        raise Refused(f"{month} has not begun")
    following = (year + 1, 1) if number == _DECEMBER else (year, number + 1)
    return began, min(now, datetime(*following, 1, tzinfo=UTC))


class Ended(NamedTuple):
    """A run or batch that ended: of which dataset, when, and how to learn what it cost."""

    dataset: str
    at: str
    batch: bool
    cost: Callable[[], Cost | None]


def _runs(target: Target) -> Iterator[Ended]:
    for record in read_runs(target):
        if (status := record.status) is not None:
            yield Ended(record.dataset, status.ended, False, partial(getattr, status, "cost"))


def _batches(target: Target, prices: PriceList) -> Iterator[Ended]:
    for batch in read_batches(target.bucket):
        if batch.ended:
            yield Ended(batch.dataset, batch.ended, True, partial(_used, target, batch.run, prices))


def _used(target: Target, batch: str, prices: PriceList) -> Cost:
    """Return what a batch's functions cost: its history tells, as long as there is one."""
    usage = Usage(target.states, target.sagemaker)
    try:
        usage.read(batch_execution(target, batch))
    except ClientError as exc:
        if error_code(exc) != "ExecutionDoesNotExist":
            raise
        usage.unknown.append(f"what batch {batch} used: Step Functions forgot it after 90 days")
    return bill(usage.uses, prices, usage.unknown)


def by_dataset(records: Iterable[Ended], began: datetime, ended: datetime) -> list[DatasetCost]:
    """Return what those cost that ended within the span, the dearest dataset first."""
    groups: dict[str, list[Ended]] = {}
    for record in records:
        if began <= moment(record.at) < ended:
            groups.setdefault(record.dataset, []).append(record)
    found = []
    for dataset, group in groups.items():
        told = [record.cost() for record in group]
        batches = sum(record.batch for record in group)
        found.append(
            DatasetCost(
                dataset=dataset,
                runs=len(group) - batches,
                batches=batches,
                price=round(sum(cost.price for cost in told if cost), 4),
                incomplete=sum(1 for cost in told if cost is None or cost.unknown),
            )
        )
    return sorted(found, key=lambda each: (-each.price, each.dataset))


def _show(found: MonthCost, prices: PriceList, days: int, *, laptop: bool) -> None:
    unit = found.currency
    rows = (
        (d.dataset, d.runs, d.batches, money(d.price, unit), d.incomplete or None)
        for d in found.datasets
    )
    columns = ("Dataset", ">Runs", ">Batches", ">Price", ">Not all known")
    emit(rows_table(columns, rows, title=f"Runs and batches that ended in {found.month}"))
    if found.endpoints:
        emit(
            rows_table(
                ("Endpoint", "On", ">Hours", ">Price", f">Asked in {days} days"),
                (
                    (
                        e.endpoint,
                        e.on,
                        f"{e.hours:,.1f}",
                        money(e.price, unit),
                        f"{e.invocations:,.0f}",
                    )
                    for e in found.endpoints
                ),
                title="Endpoints",
            )
        )
    emit(f"Together: {money(found.price, unit)}, estimated by prices of {prices.region}, "
         f"{prices.as_of}")  # fmt: skip
    for endpoint in found.endpoints:
        if endpoint.idle:
            say(
                f"{endpoint.endpoint} is idle: nobody asked it for {days} days; "
                "`endpoint: {mode: serverless}` costs nothing then",
                style="yellow",
            )
    if laptop:
        say("The laptop charges nothing: these are an account's prices", style="dim")
