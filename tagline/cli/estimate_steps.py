"""The steps of an estimate as people read them: times, prices, requests, limits and quotas."""

from collections.abc import Sequence

from tagline.cli.output import emit, money, rows_table, say
from tagline.scale.checks import Check, amount
from tagline.scale.machines import duration
from tagline.scale.steps import Step

_SHOWN = 0.5  # the part of a limit from which its cure is told
_MANY = 10  # times a limit, from which no percentage is told
_LITTLE = 0.005


def show_steps(told: Sequence[Step], unit: str) -> None:
    """Print a run's steps, what they ask for and meet, and what to do where a limit is near."""
    emit(
        rows_table(
            ("Step", "Way", ">Time", "Known", ">Price"),
            (
                (step.step, step.way, duration(step.seconds), step.mark, money(step.price, unit))
                for step in told
            ),
            title="Steps",
            whole=("Step", ">Time", "Known", ">Price"),
        )
    )
    emit(
        rows_table(
            ("Step", ">GET", ">PUT", ">LIST", ">Transitions", ">USD"),
            (_asked(step) for step in told if step.requests),
            title="Requests to S3, and transitions of Step Functions",
        )
    )
    emit(
        rows_table(
            ("Step", "Limit", ">Needed", ">Allowed", ">Share"),
            (
                (step.step, check.name, amount(check.needed, check.unit),
                 allowed(check), share(check.share))
                for step in told
                for check in step.limits
            ),
            title="Limits",
            whole=("Step", "Limit", ">Share"),
        )
    )  # fmt: skip
    emit(
        rows_table(
            ("Step", "Quota", ">Needed", ">A new account's"),
            (
                (step.step, quota.name, f"{quota.needed:,}", quota.new_account)
                for step in told
                for quota in step.quotas
            ),
            title="Quotas",
        )
    )
    for step in told:
        for check in step.limits:
            if check.share >= _SHOWN:
                style = "red" if check.hit else "yellow"
                near = "over" if check.hit else "near"
                say(f"{step.step}: {near} {check.said}", style=style, indent="  ")


def allowed(check: Check) -> str:
    """Return a limit; a count is told without its unit, which stands beside what is needed."""
    said = amount(check.limit, check.unit)
    return said.removesuffix(f" {check.unit}") if check.limit == int(check.limit) else said


def share(part: float) -> str:
    """Return how much of a limit is needed: <1%, 34%, 12 times."""
    if part >= _MANY:
        return f"{part:,.0f} times"
    return f"{part:.0%}" if part >= _LITTLE else "<1%"


def _asked(step: Step) -> tuple[str, ...]:
    asked = step.asked
    numbers = (asked.gets, asked.puts, asked.lists, asked.transitions)
    return (step.step, *(f"{number:,.0f}" for number in numbers), f"{step.requests:,.2f}")
