"""What `tagline promote`, `rollback` and `redeploy` share: an execution of the flow does it."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import msgspec
import typer

from tagline.cli.errors import Refused
from tagline.cli.output import emit, facts_table, print_json, say
from tagline.cli.target import Target, is_laptop
from tagline.cli.watching import watch
from tagline.formats.document import decode_record
from tagline.formats.outcomes import Ending, Outcome
from tagline.outcomes.failures import unwrap
from tagline.planning.standing import DamagedChampion
from tagline.serving.ordering import OrderRefused
from tagline.serving.orders import Orders

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef


@contextmanager
def refusing() -> Iterator[None]:
    """Say what keeps an order from being carried out, before anything is started."""
    try:
        yield
    except (OrderRefused, DamagedChampion) as exc:
        raise Refused(str(exc)) from exc


def orders_to(target: Target) -> Orders:
    """Return what gives a stack's flow orders."""
    return Orders(target.bucket, target.states, target.outputs.state_machine, target.stack)


def order(
    target: Target,
    run: str,
    kind: Literal["promote", "rollback"],
    why: str,
    *,
    wait: bool,
    as_json: bool,
) -> None:
    """Have a run made champion; exits 1 where that was waited for and did not come about.

    Raises Refused, before anything is started, for what the flow would refuse.
    """
    by = whoever(target)
    with refusing():
        given = orders_to(target).make_champion(run, kind, by=by, why=why)
    told: dict[str, object] = {
        "run": run,
        "kind": kind,
        "dataset": given.dataset,
        "execution": given.execution,
        "instead_of": given.instead_of,
        "by": by,
        "why": given.order.why if given.order else why,
    }
    if not wait:
        show(told, as_json)
        _say_next(given.execution)
        say(f"`tagline show {run}` tells once it serves")
        return
    ending = ending_of(follow(target, given.execution))
    show(told | msgspec.to_builtins(ending), as_json)
    if ending.outcome != Outcome.PROMOTED:
        raise typer.Exit(1)


def follow(target: Target, execution: str) -> "DescribeExecutionOutputTypeDef":
    """Show an order's progress to its end, and return its execution."""
    try:
        return watch(target, execution)
    except KeyboardInterrupt:
        say("The order goes on", style="yellow")
        _say_next(execution)
        raise


def _say_next(execution: str) -> None:
    say(f"`tagline watch {execution}` shows how it goes, `tagline cancel` with that name stops it")


def ending_of(execution: "DescribeExecutionOutputTypeDef") -> Ending:
    """Return how an execution that carried an order out ended."""
    if execution["status"] == "SUCCEEDED":
        return decode_record(execution.get("output", "").encode(), Ending, "the execution's output")
    told = unwrap(execution.get("error", execution["status"]), execution.get("cause", ""))
    return Ending(outcome=Outcome.FAILED, state=told.kind, reason=told.message)


def show(told: dict[str, object], as_json: bool) -> None:
    """Print facts, by name."""
    if as_json:
        print_json(told)
        return
    if told.get("kind") == "rollback" and told.get("outcome") == Outcome.PROMOTED:
        told = told | {"outcome": f"{Outcome.PROMOTED}, by a roll-back"}
    named = {name.replace("_", " ").capitalize(): value for name, value in told.items()}
    emit(facts_table(named))


def whoever(target: Target) -> str:
    """Return who orders: the caller's ARN, or on a laptop, where all have one key, the account."""
    if is_laptop(target.endpoint):
        return f"{getpass.getuser()} (laptop)"
    arn: str = target.client("sts").get_caller_identity()["Arn"]
    return arn
