"""`tagline costs`: what a month cost, by dataset, and the endpoints that nobody asks."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from tagline.cli.errors import Refused
from tagline.cli.output import emit, money, print_json, rows_table, say
from tagline.cli.records import RunRecord, read_runs
from tagline.cli.runs import moment
from tagline.cli.serving_costs import EndpointCost, endpoint_costs
from tagline.cli.target import find_target, is_laptop
from tagline.formats.document import Record
from tagline.pricing.table import PriceList, price_list

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_DECEMBER = 12


class DatasetCost(Record, kw_only=True):
    """The runs of a dataset that ended in the month."""

    dataset: str
    runs: int
    price: float
    """Of what is known."""
    incomplete: int
    """Runs of which something is not in the price."""


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
    datasets = by_dataset(read_runs(target), began, ended)
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


def by_dataset(records: Iterable[RunRecord], began: datetime, ended: datetime) -> list[DatasetCost]:
    """Return what the runs cost that ended within the span, the dearest dataset first."""
    runs: dict[str, list[RunRecord]] = {}
    for record in records:
        if record.status and began <= moment(record.status.ended) < ended:
            runs.setdefault(record.dataset, []).append(record)
    found = []
    for dataset, group in runs.items():
        told = [record.status.cost for record in group if record.status]
        found.append(
            DatasetCost(
                dataset=dataset,
                runs=len(group),
                price=round(sum(cost.price for cost in told if cost), 4),
                incomplete=sum(1 for cost in told if cost is None or cost.unknown),
            )
        )
    return sorted(found, key=lambda each: (-each.price, each.dataset))


def _show(found: MonthCost, prices: PriceList, days: int, *, laptop: bool) -> None:
    unit = found.currency
    rows = ((d.dataset, d.runs, money(d.price, unit), d.incomplete or None) for d in found.datasets)
    columns = ("Dataset", ">Runs", ">Price", ">Not all known")
    emit(rows_table(columns, rows, title=f"Runs that ended in {found.month}"))
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
