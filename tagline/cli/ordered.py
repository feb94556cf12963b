"""The execution that carries an order out, watched and cancelled by its own name."""

import re

import msgspec
import typer

from tagline.cli.errors import Refused
from tagline.cli.ordering import ending_of, follow, show
from tagline.cli.output import say
from tagline.cli.target import Target
from tagline.cli.watching import describe, execution_arn
from tagline.formats.names import ORDERED, RESTORING
from tagline.formats.outcomes import Outcome
from tagline.outcomes.failed_run import CANCELLED


def of_order(name: str) -> re.Match[str] | None:
    """Return the parts of the name of an order's execution: its `run`; None of another name."""
    return ORDERED.fullmatch(name) or RESTORING.fullmatch(name)


def watch_order(target: Target, name: str, *, as_json: bool) -> None:
    """Show how an order goes, to its end; exit code 1 where it does not come about."""
    _refuse_unknown(target, name)
    execution = follow(target, name)
    told: dict[str, object] = {"execution": name}
    if ORDERED.fullmatch(name):
        ending = ending_of(execution)
        told |= msgspec.to_builtins(ending)
        came_about = ending.outcome == Outcome.PROMOTED
    else:
        told |= {"status": execution["status"]}
        came_about = execution["status"] == "SUCCEEDED"
    show(told, as_json)
    if not came_about:
        raise typer.Exit(1)


def cancel_order(target: Target, name: str, why: str, *, as_json: bool) -> None:
    """Stop an order that goes on; whoever was champion serves on, or is brought back."""
    if RESTORING.fullmatch(name):
        raise Refused(
            f"{name} brings a champion back, and another one would do it were it stopped: "
            f"`tagline watch {name}` shows how it goes"
        )
    status = _refuse_unknown(target, name)
    if status != "RUNNING":
        raise Refused(f"order {name} has ended {status}: there is nothing to cancel")
    target.states.stop_execution(
        executionArn=execution_arn(target, name), error=CANCELLED, cause=why
    )
    show({"execution": name, "status": "ABORTED", "why": why}, as_json)
    say("The champion of before serves on, and is brought back where its endpoint was changed")


def _refuse_unknown(target: Target, name: str) -> str:
    """Return the status of an order's execution; raises Refused where there is none."""
    found = describe(target, name)
    if found is None:
        raise Refused(f"there is no execution {name} (Step Functions forgets one after 90 days)")
    return found["status"]
