"""What a run costs, in words and as a table."""

from tagline.cli.output import emit, money, rows_table, say, seconds
from tagline.formats.costs import Cost


def price_said(cost: Cost | None) -> str | None:
    """Return a run's price with what it rests on; None where nobody looked."""
    if cost is None:
        return None
    least = "at least " if cost.unknown else ""
    prices = f"prices of {cost.region}, {cost.prices}"
    return f"{least}{money(cost.price, cost.currency)} (estimated; {prices})"


def show_cost(cost: Cost | None, title: str = "Cost, estimated") -> None:
    """Print what each state used, and what is not in the price."""
    if cost is None:
        return
    if cost.states:
        rows = (
            (state.state, state.on, seconds(state.seconds), money(state.price, cost.currency))
            for state in cost.states
        )
        emit(rows_table(("State", "On", ">Billable", ">Price"), rows, title=title))
    for missing in cost.unknown:
        say(f"Not in the price: {missing}", style="yellow")
