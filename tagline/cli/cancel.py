"""`tagline cancel`: stop a run; what serves goes on serving."""

import msgspec

from tagline.cli.drop import await_record
from tagline.cli.errors import Refused
from tagline.cli.naming import one_run
from tagline.cli.ordered import cancel_order, of_order
from tagline.cli.outcome import outcome_table, run_outcome
from tagline.cli.output import emit, print_json, say
from tagline.cli.records import read_run
from tagline.cli.retry import ENDPOINT_IS_AWAITED
from tagline.cli.target import find_target
from tagline.cli.watch import refuse_unknown
from tagline.cli.watching import describe, execution_arn
from tagline.outcomes.failed_run import CANCELLED

_RUNNING = "RUNNING"


def cancel(run: str, *, why: str, stack: str, as_json: bool) -> None:
    """Stop a run's execution and the job that it waits for, and tell how it is recorded.

    An order's is stopped likewise, by the name that the command which gave it told.
    """
    target = find_target(stack)
    if of_order(run):
        cancel_order(target, run, why, as_json=as_json)
        return
    one_run(target, run)
    refuse_unknown(target, run)
    found = describe(target, run)
    if found is None or found["status"] != _RUNNING:
        outcome = run_outcome(target, read_run(target, run), found).outcome
        raise Refused(f"run {run} has ended {outcome}: there is nothing to cancel")
    target.states.stop_execution(
        executionArn=execution_arn(target, run), error=CANCELLED, cause=why
    )
    await_record(target, run)
    ended = run_outcome(target, read_run(target, run), describe(target, run))
    if as_json:
        print_json(msgspec.to_builtins(ended))
    else:
        emit(outcome_table(ended))
        if ended.state in ENDPOINT_IS_AWAITED:
            say("What served before is brought back; the list, uploaded again, starts a new run")
        else:
            say(f"`tagline retry {run}` would resume the run where it was stopped")
