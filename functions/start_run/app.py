"""A list, or ratings, were dropped: start its run, or the batch that tags its images, once."""

import msgspec

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.observability import logger
from tagline.aws.step import step
from tagline.formats.batch_steps import BatchInput
from tagline.formats.dropped import batch_input, is_of_batches, run_input
from tagline.formats.names import InvalidName
from tagline.formats.steps import ObjectCreated, RunInput, StartAnswer


@step
def handler(event: ObjectCreated) -> StartAnswer:
    """Start the execution named after the list's version; a repeated event finds it there."""
    here = environment()
    try:
        if is_of_batches(event.detail.object.key):
            batch = batch_input(event)
            return _start(here.batch_machine, batch.batch, batch)
        run = run_input(event)
    except InvalidName as exc:
        key = event.detail.object.key
        logger.warning("ignored an object that is no list", key=key, reason=str(exc))
        return StartAnswer(started=False, reason=str(exc))
    return _start(here.state_machine, run.run, run)


def _start(machine: str, name: str, given: RunInput | BatchInput) -> StartAnswer:
    logger.append_keys(run=name, dataset=given.dataset)
    client = clients.stepfunctions()
    try:
        client.start_execution(
            stateMachineArn=machine, name=name, input=msgspec.json.encode(given).decode()
        )
    except client.exceptions.ExecutionAlreadyExists:
        logger.info("the run exists already: nothing to do")
        return StartAnswer(started=False, run=name, reason="exists")
    return StartAnswer(started=True, run=name)
