"""`tagline rollback`: a former champion serves again."""

from tagline.cli.ordering import order, refusing
from tagline.cli.target import find_target
from tagline.formats.names import check_dataset
from tagline.serving.orders import former_of


def rollback(
    dataset: str, run: str | None, *, why: str, wait: bool, stack: str, as_json: bool
) -> None:
    """Make a former champion the champion again: the one before, or the one that is named."""
    check_dataset(dataset)
    target = find_target(stack)
    with refusing():
        former = former_of(target.bucket, dataset, run)
    order(target, former, "rollback", why, wait=wait, as_json=as_json)
