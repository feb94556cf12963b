"""What a request must be before its body is looked at."""

from collections.abc import Sequence

import anyio
from starlette.requests import ClientDisconnect, Request

from server.admission import Room

IMAGES = ("image/png", "image/jpeg", "image/webp", "application/x-image")
_BODY_SECONDS = 30


class RequestRefused(Exception):
    """A request that is answered with an error: HTTP status, stable code, what was found."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


def content_type(request: Request, allowed: Sequence[str]) -> str:
    """Return the type of the request's body; raise RequestRefused for another than is allowed."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in allowed:
        raise RequestRefused(
            415, "unsupported_content_type", f"{kind[:60]!r}; send {', '.join(allowed)}"
        )
    return kind


async def read_body(request: Request, max_body: int, room: Room) -> bytes:
    """Return the request's body; raise RequestRefused for a slow or large one.

    No more than `max_body` bytes are held, whatever Content-Length says, and `room` counts them:
    raise Busy where all requests together hold too much.
    """
    announced = request.headers.get("content-length", "0")
    if announced.isascii() and announced.isdigit() and int(announced) > max_body:
        raise _too_large(max_body)
    body = bytearray()
    try:
        with anyio.fail_after(_BODY_SECONDS):
            async for chunk in request.stream():
                if len(body) + len(chunk) > max_body:
                    raise _too_large(max_body)
                room.take(len(chunk))
                body += chunk
    except TimeoutError as exc:
        raise RequestRefused(408, "slow_request", f"no whole body in {_BODY_SECONDS} s") from exc
    except ClientDisconnect as exc:
        raise RequestRefused(
            400, "incomplete_request", "the client left before its body ended"
        ) from exc
    return bytes(body)


def _too_large(max_body: int) -> RequestRefused:
    return RequestRefused(413, "object_too_large", f"a body has at most {max_body} bytes")
