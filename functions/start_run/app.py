"""A list file was dropped: start its run, once."""

import json
import os
from typing import Any

from aws_lambda_powertools.utilities.data_classes import S3EventBridgeNotificationEvent

from tagline.aws import clients
from tagline.aws.observability import Event, logger, step
from tagline.formats.names import InvalidName, dataset_of_list, run_name


@step
def handler(event: Event) -> dict[str, Any]:
    """Start the execution named after the list's version; a repeated event finds it there."""
    dropped = S3EventBridgeNotificationEvent(dict(event))
    bucket, listed = dropped.detail.bucket.name, dropped.detail.object
    key = listed["key"]  # as it is: EventBridge does not URL-encode keys, but `.key` decodes them
    try:
        dataset = dataset_of_list(key)
    except InvalidName as exc:
        logger.warning("ignored an object that is no list", key=key, reason=str(exc))
        return {"started": False, "reason": str(exc)}
    etag = listed.etag.strip('"')
    run = run_name(bucket, key, listed.version_id, etag)
    logger.append_keys(run=run, dataset=dataset)
    listing = {
        "key": key,
        "version_id": listed.version_id,
        "etag": etag,
        "size": listed.size,
    }
    # the event's own time, so that a repeated event asks for the very same execution
    state = {
        "bucket": bucket,
        "dataset": dataset,
        "run": run,
        "list": listing,
        "started": dropped.time,
    }
    client = clients.stepfunctions()
    try:
        client.start_execution(
            stateMachineArn=os.environ["STATE_MACHINE_ARN"], name=run, input=json.dumps(state)
        )
    except client.exceptions.ExecutionAlreadyExists:
        logger.info("the run exists already: nothing to do")
        return {"started": False, "run": run, "reason": "exists"}
    return {"started": True, "run": run}
