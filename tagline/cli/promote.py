"""`tagline promote`: a person makes a run the champion over the gate, and says why."""

from tagline.cli.naming import one_run
from tagline.cli.ordering import order
from tagline.cli.target import find_target


def promote(run: str, *, why: str, wait: bool, stack: str, as_json: bool) -> None:
    """Make a run that was evaluated the champion, whatever the gate said."""
    target = find_target(stack)
    order(target, one_run(target, run), "promote", why, wait=wait, as_json=as_json)
