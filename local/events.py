"""EventBridge as S3 and Lambda use it: an object's version in its event, retries for functions."""

import contextvars
import functools
import json
import logging
from collections.abc import Callable
from typing import Any

from local import patching

_EVENTS = "ministack.services.eventbridge"
_LAMBDA = "ministack.services.lambda_svc"
_S3 = "ministack.services.s3"
TOLD = (
    "bucket_name",
    "key",
    "event_name",
    "size",
    "etag",
    "deletion_type",
    "restore_event_data",
    "version_id",
    "sequencer",
    "object_extra",
    "record_extra",
)
logger = logging.getLogger("local.events")
_version: contextvars.ContextVar[str | None] = contextvars.ContextVar("version", default=None)


def install() -> None:
    """Put both in place."""
    _tell_versions()
    _invoke_asynchronously()


def _tell_versions() -> None:
    """Add `version-id` to S3's events, as AWS does for a bucket with versions.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    """
    fire = patching.function(_S3, "_fire_s3_event", *TOLD)
    dispatch = patching.function(_EVENTS, "_dispatch_event", "event", "view")

    @functools.wraps(fire)
    def fire_with_version(*arguments: Any, version_id: str | None = None, **options: Any) -> None:
        token = _version.set(version_id)
        try:
            fire(*arguments, version_id=version_id, **options)
        finally:
            _version.reset(token)

    def dispatch_with_version(event: dict[str, Any], view: object = None) -> object:
        version = _version.get()
        if version and event.get("Source") == "aws.s3":
            detail = json.loads(event["Detail"])
            detail["object"]["version-id"] = version
            event = {**event, "Detail": json.dumps(detail)}
        return dispatch(event, view)

    patching.replace(_S3, "_fire_s3_event", fire_with_version, *TOLD)
    patching.replace(_EVENTS, "_dispatch_event", dispatch_with_version, "event", "view")


def _invoke_asynchronously() -> None:
    """Give a rule's function the retries, and the dead-letter queue, of asynchronous invocation."""
    find: Callable[[str], tuple[Any, Any, str]] = patching.function(
        _LAMBDA, "_get_func_record_for_ref", "function_ref"
    )
    record = patching.function(_LAMBDA, "_execution_record_for_config", "func", "config")
    invoke = patching.function(_LAMBDA, "invoke_async_with_retry", "func", "event")

    def dispatch(arn: str, payload: str) -> None:
        function, config, name = find(arn)
        if not function or not config:
            logger.warning("a rule names function %s, which does not exist", name)
            return
        invoke(record(function, config), json.loads(payload))

    patching.replace(_EVENTS, "_dispatch_to_lambda", dispatch, "arn", "payload")
