"""`tagline rollback`: a former champion serves again."""

import sys

import typer

from tagline.cli.errors import Refused
from tagline.cli.ordering import order, refusing
from tagline.cli.target import find_target
from tagline.formats.names import check_dataset
from tagline.serving.orders import former_of

_NO_REASON = "no reason given"


def rollback(
    dataset: str,
    run: str | None,
    *,
    why: str | None,
    yes: bool,
    wait: bool,
    stack: str,
    as_json: bool,
) -> None:
    """Make a former champion the champion again: the one before, or the one that is named.

    Who gives a reason is not asked.
    """
    check_dataset(dataset)
    target = find_target(stack)
    with refusing():
        former = former_of(target.bucket, dataset, run)
    if why is None and not yes:
        _ask(dataset, former)
    order(target, former, "rollback", why or _NO_REASON, wait=wait, as_json=as_json)


def _ask(dataset: str, former: str) -> None:
    """Return where a person says yes; raises Refused."""
    if not _can_ask():
        raise Refused(
            f"run {former} would serve dataset {dataset} again: --why '…' says why, --yes goes "
            "without a reason"
        )
    if not typer.confirm(f"Make run {former} serve dataset {dataset} again?", err=True):
        raise Refused("nothing was changed")


def _can_ask() -> bool:
    return sys.stdin.isatty()
