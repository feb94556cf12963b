"""From what a run used to what it costs."""

from collections.abc import Iterable
from dataclasses import dataclass

from tagline.formats.costs import Cost, StateCost
from tagline.pricing.machines import HOUR, Function, Machine
from tagline.pricing.table import PriceList

_DIGITS = 6  # of a price: a function's second costs millionths


@dataclass(frozen=True)
class Use:
    """What a state used of a machine."""

    state: str
    machine: Machine
    seconds: float
    """Billable, of all machines together."""
    calls: int = 1


def bill(uses: Iterable[Use], prices: PriceList, unknown: Iterable[str] = ()) -> Cost:
    """Return the costs by state, in the order of their first use, and their sum."""
    together: dict[tuple[str, Machine], list[Use]] = {}
    for use in uses:
        together.setdefault((use.state, use.machine), []).append(use)
    states, missing = [], dict.fromkeys(unknown)
    for (state, machine), parts in together.items():
        seconds, calls = sum(use.seconds for use in parts), sum(use.calls for use in parts)
        price = _price(machine, seconds, calls, prices)
        if price is None:
            missing[prices.missing(machine)] = None
        states.append(
            StateCost(state=state, on=str(machine), seconds=round(seconds, 3), price=price)
        )
    return Cost(
        region=prices.region,
        prices=prices.as_of,
        currency=prices.currency,
        price=round(sum(state.price or 0.0 for state in states), _DIGITS),
        states=tuple(states),
        unknown=tuple(missing),
    )


def _price(machine: Machine, seconds: float, calls: int, prices: PriceList) -> float | None:
    hourly = prices.hourly(machine)
    if hourly is None:
        return None
    price = seconds / HOUR * hourly
    if isinstance(machine, Function):
        price += calls * (prices.prices.lambda_request or 0.0)
    return round(price, _DIGITS)
