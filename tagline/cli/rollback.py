"""`tagline rollback`: a former champion serves again."""

from tagline.cli.errors import Refused
from tagline.cli.ordering import champion_of, order
from tagline.cli.target import find_target
from tagline.formats.names import check_dataset
from tagline.formats.owners import owns_run


def rollback(
    dataset: str, run: str | None, *, why: str, wait: bool, stack: str, as_json: bool
) -> None:
    """Make a former champion the champion again: the one before, or the one that is named."""
    check_dataset(dataset)
    target = find_target(stack)
    champion = champion_of(target, dataset)
    former = run or champion.previous
    if former is None:
        raise Refused(f"{champion.run} is the first champion of dataset {dataset}: name a run")
    if not owns_run(dataset, former):
        raise Refused(f"run {former} is none of dataset {dataset}")
    order(target, former, "rollback", why, wait=wait, as_json=as_json)
