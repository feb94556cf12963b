"""What `tagline promote`, `rollback` and `redeploy` share: an execution of the flow does the work.

It has the stack's own rights; whoever orders needs `states:StartExecution` and to read the bucket.
"""

import getpass
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import msgspec
import typer

from tagline.cli.errors import Refused
from tagline.cli.output import emit, facts_table, print_json, say
from tagline.cli.target import Target, is_laptop
from tagline.cli.watching import watch
from tagline.formats.document import decode_record
from tagline.formats.keys import RunKeys
from tagline.formats.names import order_name
from tagline.formats.outcomes import Champion, Ending, Order, Outcome
from tagline.formats.steps import OrderInput, RunEvent
from tagline.outcomes.failures import unwrap
from tagline.planning.standing import DamagedChampion, find_champion
from tagline.serving.ordering import OrderRefused, take_order

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef

_LONGEST_WHY = 500  # characters


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
    given = int(time.time())
    ordered = Order(kind=kind, by=whoever(target), why=_checked(why), at=moment(given))
    try:
        taken = take_order(target.bucket, run, ordered, target.stack)
    except OrderRefused as exc:
        raise Refused(str(exc)) from exc
    name = order_name(run, given)
    sent = OrderInput(
        bucket=target.bucket.name,
        run=run,
        dataset=RunKeys(run).dataset,
        started=ordered.at,
        order=ordered,
    )
    start(target, name, sent)
    told: dict[str, object] = {
        "run": run,
        "dataset": sent.dataset,
        "execution": name,
        "instead_of": taken.evaluation.champion_run,
        "by": ordered.by,
        "why": ordered.why,
    }
    if not wait:
        show(told, as_json)
        say(f"`tagline show {run}` tells once it serves")
        return
    ending = ending_of(watch(target, name))
    show(told | msgspec.to_builtins(ending), as_json)
    if ending.outcome != Outcome.PROMOTED:
        raise typer.Exit(1)


def champion_of(target: Target, dataset: str) -> Champion:
    """Return the champion of a dataset; raises Refused without one."""
    try:
        champion = find_champion(target.bucket, dataset)
    except DamagedChampion as exc:
        raise Refused(str(exc)) from exc
    if champion is None:
        raise Refused(f"dataset {dataset} has no champion: `tagline runs {dataset}` lists its runs")
    return champion


def start(target: Target, name: str, given: RunEvent) -> None:
    """Start an execution of the flow."""
    target.states.start_execution(
        stateMachineArn=target.outputs.state_machine,
        name=name,
        input=msgspec.json.encode(given).decode(),
    )


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
    named = {name.replace("_", " ").capitalize(): value for name, value in told.items()}
    emit(facts_table(named))


def whoever(target: Target) -> str:
    """Return who orders: the caller's ARN, or on a laptop, where all have one key, the account."""
    if is_laptop(target.endpoint):
        return f"{getpass.getuser()} (laptop)"
    arn: str = target.client("sts").get_caller_identity()["Arn"]
    return arn


def moment(seconds: int) -> str:
    """Return a time as documents have it: ISO 8601, UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _checked(why: str) -> str:
    said = " ".join(why.split())
    if not said:
        raise Refused("--why is empty: say in some words why the gate is overruled")
    if len(said) > _LONGEST_WHY:
        raise Refused(f"--why has {len(said)} characters, of {_LONGEST_WHY} that it may have")
    return said
