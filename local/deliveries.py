"""Events on their way to functions: retried as Lambda retries, and known to whom they are owed.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

import contextvars
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from local import patching
from local.access.authority import AccessDenied, Authority
from local.access.calls import Call
from local.access.sessions import session_of

_LAMBDA = "ministack.services.lambda_svc"
_RETRIES = 2
_LONGEST_AGE = 21_600  # seconds
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 30.0  # seconds; Lambda waits minutes
_Function = dict[str, Any]
logger = logging.getLogger("local.deliveries")


class _Notice:
    """One event, given to any number of functions."""

    def __init__(self, ended: Callable[[bool], None]) -> None:
        self._ended = ended
        self._lock = threading.Lock()
        self._open = 1
        self._failed = False

    def begun(self) -> None:
        with self._lock:
            self._open += 1

    def done(self, *, well: bool) -> None:
        with self._lock:
            self._failed |= not well
            self._open -= 1
            last = self._open == 0
        if last:
            self._ended(not self._failed)


_notice: contextvars.ContextVar[_Notice | None] = contextvars.ContextVar("notice", default=None)


@contextmanager
def followed(ended: Callable[[bool], None]) -> Iterator[None]:
    """Call `ended` once all functions that are invoked within have ended: True if all went well."""
    notice = _Notice(ended)
    token = _notice.set(notice)
    try:
        yield
    finally:
        _notice.reset(token)
        notice.done(well=True)


def install(authority: Authority) -> "Delivery":
    """Take the place of ministack's asynchronous invocation, which gives up when it is throttled.

    Lambda keeps a throttled event for hours: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
    """
    delivery = Delivery(authority)

    def invoke(func: _Function, event: object) -> None:
        notice = _notice.get()
        context = contextvars.copy_context()
        context.run(_notice.set, None)
        if notice is not None:
            notice.begun()

        def run() -> None:
            well = False
            try:
                well = context.run(delivery.carry_out, func, event)
            finally:
                if notice is not None:
                    notice.done(well=well)

        threading.Thread(target=run, daemon=True).start()

    patching.replace(_LAMBDA, "invoke_async_with_retry", invoke, "func", "event")
    return delivery


class Delivery:
    """Invokes functions for whoever does not wait for their answers."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._execute = patching.function(
            _LAMBDA, "_execute_function_with_config_scope", "func", "event"
        )
        self._find = patching.function(_LAMBDA, "_get_func_record_for_ref", "function_ref")
        self._record = patching.function(_LAMBDA, "_execution_record_for_config", "func", "config")
        self._give_up = patching.function(
            _LAMBDA, "_route_async_failure", "target_arn", "func_name", "event", "result"
        )

    def carry_out(self, function: _Function, event: object) -> bool:
        """Invoke a function until it succeeds or may not be tried again; tell how it ended."""
        config = function.get("config") or function
        name = config.get("FunctionName")
        settings = _settings(function)
        retries = settings.get("MaximumRetryAttempts")
        left = _RETRIES if retries is None else int(retries)
        until = time.monotonic() + int(settings.get("MaximumEventAgeInSeconds", _LONGEST_AGE))
        wait = _FIRST_WAIT
        while True:
            result = self._execute(function, event)
            if not result.get("error"):
                return True
            if not result.get("throttle"):
                logger.warning("%s failed on an event: %s", name, result.get("body"))
                left -= 1
            if left < 0 or time.monotonic() + wait > until:
                break
            time.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT)
            function = self._as_it_is_now(function, config)
        target = (settings.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination")
        target = target or (config.get("DeadLetterConfig") or {}).get("TargetArn")
        if target and self._may_leave(config, target):
            self._give_up(target, name, event, result)
        return False

    def _may_leave(self, config: dict[str, Any], target: str) -> bool:
        """Tell whether a function's role may leave an event where it belongs when it failed."""
        call = Call("sqs", "SendMessage", {"QueueUrl": target})
        if ":sns:" in target:
            call = Call("sns", "Publish", {"TopicArn": target})
        session = session_of(config["Role"], config["FunctionName"])
        try:
            self._authority.require(session.access_key, call)
        except AccessDenied as exc:
            logger.warning("an event is lost: %s", exc)
            return False
        return True

    def _as_it_is_now(self, function: _Function, config: dict[str, Any]) -> _Function:
        """Return a function with its present code and concurrency; unchanged when it is gone."""
        found, present, _ = self._find(config["FunctionArn"])
        if not found or not present:
            return function
        record: _Function = self._record(found, present)
        return record


def _settings(function: _Function) -> dict[str, Any]:
    every = function.get("event_invoke_configs") or {}
    return function.get("event_invoke_config") or every.get("$LATEST") or {}
