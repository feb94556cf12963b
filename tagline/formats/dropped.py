"""What a dropped object starts: the input of its run's, or its batch's, execution."""

from tagline.formats.batch_keys import BatchList, batch_name
from tagline.formats.batch_steps import BatchInput
from tagline.formats.locations import plain_etag
from tagline.formats.names import dataset_of_dropped, run_name
from tagline.formats.plan import DroppedList
from tagline.formats.steps import ObjectCreated, RunInput


def is_of_batches(key: str) -> bool:
    """Return whether an object lies where lists of images to tag do."""
    return key.split("/")[1:2] == ["batches"]


def run_input(event: ObjectCreated) -> RunInput:
    """Return the input of a list's or ratings' run; raises InvalidName for any other object.

    It has the event's own time, so that a repeated event asks for the very same execution.
    """
    bucket, dropped = event.detail.bucket.name, _dropped(event)
    return RunInput(
        bucket=bucket,
        run=run_name(bucket, dropped.key, dropped.version_id, dropped.etag),
        dataset=dataset_of_dropped(dropped.key),
        list=dropped,
        started=event.time,
        sequencer=event.detail.object.sequencer,
    )


def batch_input(event: ObjectCreated) -> BatchInput:
    """Return the input of a batch, likewise."""
    bucket, dropped = event.detail.bucket.name, _dropped(event)
    return BatchInput(
        bucket=bucket,
        batch=batch_name(bucket, dropped.key, dropped.version_id, dropped.etag),
        dataset=BatchList.of(dropped.key).dataset,
        list=dropped,
        started=event.time,
    )


def _dropped(event: ObjectCreated) -> DroppedList:
    created = event.detail.object
    return DroppedList(
        key=created.key, version_id=created.version_id, etag=plain_etag(created.etag)
    )
