"""Work goes on as long as somebody waits for it."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import anyio
from starlette.requests import Request

from server.requests import RequestRefused
from tagline.formats.waiting import patience_of

_LONGEST = 60.0  # seconds; SageMaker waits no longer for a container
_GONE = 499  # nobody reads it; the log has it
_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
T = TypeVar("T")


async def while_waited_for(request: Request, work: Awaitable[T]) -> T:
    """Return what the work makes; it is cancelled when the caller leaves or waits no longer.

    The request's body has to be read before. A thread that is under way goes on to its end, a
    process is killed. Raise RequestRefused where the work was cancelled.
    """
    told = patience_of(request.headers.get(_ATTRIBUTES, ""))
    with anyio.move_on_after(_LONGEST if told is None else min(told, _LONGEST)) as scope:
        watch = asyncio.create_task(_cancel_when_left(request, scope))
        try:
            return await work
        finally:
            watch.cancel()
    if scope.deadline > anyio.current_time():
        raise RequestRefused(_GONE, "caller_left", "the caller left before its answer")
    raise RequestRefused(503, "busy", "the answer came too late for its caller")


async def _cancel_when_left(request: Request, scope: anyio.CancelScope) -> None:
    message = await request.receive()
    while message["type"] != "http.disconnect":
        message = await request.receive()
    scope.cancel()
