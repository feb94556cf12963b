"""The steps of an estimate as people read them: times, prices, limits and quotas."""

from collections.abc import Sequence

from tagline.cli.output import emit, money, rows_table, say
from tagline.scale.figures import duration
from tagline.scale.steps import Step

_SHOWN = 0.5  # the part of a limit from which it is shown


def show_steps(told: Sequence[Step], unit: str) -> None:
    """Print a run's steps, what an account must allow, and the limits that are near or hit."""
    emit(
        rows_table(
            ("Step", ">Time", "Known", ">Price", ">S3 requests, USD", "Nearest limit"),
            (
                (
                    step.step,
                    duration(step.seconds),
                    step.mark,
                    money(step.price, unit),
                    f"{step.requests:,.2f}",
                    _nearest(step),
                )
                for step in told
            ),
            title="Steps",
            whole=("Step",),
        )
    )
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
                say(f"{step.step}: {'over' if check.hit else 'near'} {check.said}", style=style)


def _nearest(step: Step) -> str:
    check = max(step.limits, key=lambda check: check.share, default=None)
    return "none" if check is None else f"{check.name}, {check.share:.0%}"
