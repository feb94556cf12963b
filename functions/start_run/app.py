"""A list file was dropped: start its run, once."""

import msgspec

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.observability import logger
from tagline.aws.step import step
from tagline.formats.locations import plain_etag
from tagline.formats.names import InvalidName, dataset_of_list, run_name
from tagline.formats.plan import DroppedList
from tagline.formats.steps import ObjectCreated, RunInput, StartAnswer


@step
def handler(event: ObjectCreated) -> StartAnswer:
    """Start the execution named after the list's version; a repeated event finds it there."""
    bucket, created = event.detail.bucket.name, event.detail.object
    try:
        dataset = dataset_of_list(created.key)
    except InvalidName as exc:
        logger.warning("ignored an object that is no list", key=created.key, reason=str(exc))
        return StartAnswer(started=False, reason=str(exc))
    dropped = DroppedList(
        key=created.key, version_id=created.version_id, etag=plain_etag(created.etag)
    )
    run = run_name(bucket, dropped.key, dropped.version_id, dropped.etag)
    logger.append_keys(run=run, dataset=dataset)
    # the event's own time, so that a repeated event asks for the very same execution
    given = RunInput(
        bucket=bucket,
        run=run,
        dataset=dataset,
        list=dropped,
        started=event.time,
        sequencer=created.sequencer,
    )
    client = clients.stepfunctions()
    try:
        client.start_execution(
            stateMachineArn=environment().state_machine,
            name=run,
            input=msgspec.json.encode(given).decode(),
        )
    except client.exceptions.ExecutionAlreadyExists:
        logger.info("the run exists already: nothing to do")
        return StartAnswer(started=False, run=run, reason="exists")
    return StartAnswer(started=True, run=run)
