"""How many runs or batches may go on at once: who comes later waits."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagline.formats.names import RUN, dataset_of_run

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import ExecutionListItemTypeDef


class TooManyRuns(RuntimeError):
    """As many runs go on as may; the flow asks again later."""


@dataclass(frozen=True)
class AtOnce:
    """The most runs that may go on at once, or batches, and the parameters that say so."""

    stack: int
    dataset: int
    what: str = "runs"
    of_stack: str = "RunsAtOnce"
    of_dataset: str = "DatasetRunsAtOnce"


def await_turn(client: "SFNClient", machine: str, run: str, most: AtOnce) -> None:
    """Return when fewer runs than `most` that began before this one still go on.

    Raises TooManyRuns otherwise: runs go in the order in which they began, so none waits for ever.
    """
    pages = client.get_paginator("list_executions").paginate(
        stateMachineArn=machine, statusFilter="RUNNING"
    )
    going_on = [
        found for page in pages for found in page["executions"] if RUN.fullmatch(found["name"])
    ]
    own = next((found for found in going_on if found["name"] == run), None)
    before = [
        found["name"]
        for found in going_on
        if found["name"] != run and (own is None or _order(found) < _order(own))
    ]
    dataset = dataset_of_run(run)
    of_dataset = [name for name in before if dataset_of_run(name) == dataset]
    if len(of_dataset) >= most.dataset:
        whose = f"of dataset {dataset}"
        raise TooManyRuns(_told(of_dataset, whose, most, most.of_dataset, most.dataset))
    if len(before) >= most.stack:
        raise TooManyRuns(_told(before, "of this stack", most, most.of_stack, most.stack))


def _order(found: "ExecutionListItemTypeDef") -> tuple[float, str]:
    return found["startDate"].timestamp(), found["name"]


def _told(before: list[str], whose: str, asked: AtOnce, parameter: str, most: int) -> str:
    return (
        f"{len(before)} {asked.what} {whose} go on that began earlier "
        f"({', '.join(before[:3])}), and {parameter} of the template is {most}: "
        "this one waits, or upload the list again later"
    )
