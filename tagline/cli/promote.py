"""`tagline promote`: a person makes a run the champion over the gate, and says why."""

from tagline.cli.ordering import order
from tagline.cli.target import find_target
from tagline.formats.names import dataset_of_run


def promote(run: str, *, why: str, wait: bool, stack: str, as_json: bool) -> None:
    """Make a run that was evaluated the champion, whatever the gate said."""
    dataset_of_run(run)
    order(find_target(stack), run, "promote", why, wait=wait, as_json=as_json)
