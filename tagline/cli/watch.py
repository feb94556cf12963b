"""`tagline watch`: a run's progress, from wherever it is to its end."""

import time

from tagline.cli.drop import wait_for
from tagline.cli.errors import Refused
from tagline.cli.naming import run_or_newest
from tagline.cli.ordered import of_order, watch_order
from tagline.cli.outcome import tell_end
from tagline.cli.retry_batch import is_batch
from tagline.cli.target import Target, find_target
from tagline.cli.watching import describe

_START_SECONDS = 15.0  # a list that was dropped just now
_INTERVAL = 0.5


def watch(run: str, *, stack: str, as_json: bool) -> None:
    """Show the progress of a run, or of an order, to its end; exit code 1 if it fails."""
    target = find_target(stack)
    if of_order(run):
        watch_order(target, run, as_json=as_json)
        return
    run = run_or_newest(target, run)
    refuse_unknown(target, run, _START_SECONDS)
    tell_end(wait_for(target, run), as_json=as_json)


def refuse_unknown(target: Target, run: str, patience: float = 0) -> None:
    """Raise Refused for a run that has no execution, and gets none within so many seconds."""
    deadline = time.monotonic() + patience
    while describe(target, run) is None:
        if is_batch(target, run):
            raise Refused(f"{run} is a batch, no run: `tagline show {run}` tells of it")
        if time.monotonic() >= deadline:
            raise Refused(
                f"there is no execution of run {run} (Step Functions forgets one after 90 days): "
                "`tagline runs` lists what there is"
            )
        time.sleep(_INTERVAL)
