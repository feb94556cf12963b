"""Between the door and the services: each request is judged by who signed it."""

import uuid
from http import HTTPStatus
from urllib.parse import parse_qs

from local import patching
from local.access.authority import Authority, Refusal
from local.access.calls import Call, HttpRequest, Unnamed, is_read_from_body, read
from local.door import HEALTH, App, Message, Receive, Scope, Send
from local.http_api import PATH as API

_UNSIGNED = Refusal("MissingAuthenticationToken", "Missing Authentication Token")
_READS = {"GetObject", "HeadObject"}
_PLAIN = {"GET", "HEAD", "PUT"}  # IAM, STS and CloudFormation are asked by POST
_DENIAL = (
    "service",
    "action",
    "principal_arn",
    "request_id",
    "error_code",
    "message",
    "headers",
    "resource_arn",
    "explicit_deny",
    "resource_policy_arn",
)


class Guard:
    """An ASGI application that passes on what the caller's policies allow."""

    def __init__(self, authority: Authority, app: App) -> None:
        self._authority = authority
        self._app = app
        self._denied = patching.function(
            "ministack.core.iam_actions", "access_denied_response", *_DENIAL
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as AWS does where the caller may not; pass on everything else."""
        if scope["type"] != "http" or scope["path"].startswith(API) or scope["path"] == HEALTH:
            await self._app(scope, receive, send)
            return
        try:
            await self._judge(scope, receive, send)
        finally:
            if scope["method"] not in _PLAIN:
                self._authority.forget()

    async def _judge(self, scope: Scope, receive: Receive, send: Send) -> None:
        http = _request(scope)
        key = http.access_key
        if self._authority.is_root(key):
            await self._app(scope, receive, send)
            return
        stranger = self._authority.stranger(key, http.token) if key else _UNSIGNED
        if stranger is not None:
            await self._refuse(http, send, stranger)
            return
        body = b""
        if is_read_from_body(http):
            body = await _whole(receive)
            receive = _again(body, receive)
        try:
            call = read(http, body)
        except Unnamed as exc:
            told = f"the laptop cloud cannot tell which operation this is: {exc}"
            await self._refuse(http, send, Refusal("AccessDenied", told))
            return
        refusal = self._authority.refusal(key, call)
        if refusal is not None:
            await self._refuse(http, send, refusal)
        elif call.service == "s3" and call.operation in _READS:
            await self._app(scope, receive, self._hiding_absence(http, key, call, send))
        else:
            await self._app(scope, receive, send)

    def _hiding_absence(self, http: HttpRequest, key: str, call: Call, send: Send) -> Send:
        """Return a `send` that tells nobody what is missing who may not list the bucket.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        """
        hidden = False

        async def sent(message: Message) -> None:
            nonlocal hidden
            if hidden:
                return
            absent = message["type"] == "http.response.start" and (
                message["status"] == HTTPStatus.NOT_FOUND
            )
            listing = Call("s3", "ListObjectsV2", {"Bucket": call.request["Bucket"]})
            refusal = self._authority.refusal(key, listing) if absent else None
            if refusal is None:
                await send(message)
            else:
                hidden = True
                await self._refuse(http, send, refusal)

        return sent

    async def _refuse(self, http: HttpRequest, send: Send, refusal: Refusal) -> None:
        request_id = str(uuid.uuid4())
        code = "" if refusal.code == "AccessDenied" else refusal.code
        status, headers, body = self._denied(
            http.service,
            refusal.action,
            refusal.principal,
            request_id,
            error_code=code,
            message=refusal.message,
            headers=http.headers,
        )
        if "x-amz-target" in http.headers and http.service != "sqs":
            status = HTTPStatus.BAD_REQUEST  # the status of a JSON protocol's AccessDeniedException
        if http.method == "HEAD":
            body = b""
        fields = {**headers, "x-amzn-requestid": request_id, "content-length": str(len(body))}
        pairs = [(name.lower().encode(), value.encode()) for name, value in fields.items()]
        await send({"type": "http.response.start", "status": int(status), "headers": pairs})
        await send({"type": "http.response.body", "body": body})


def _request(scope: Scope) -> HttpRequest:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text  # as ministack does
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    return HttpRequest(scope["method"], scope["path"], headers, query)


async def _whole(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            return b"".join(parts)


def _again(body: bytes, more: Receive) -> Receive:
    """Return a `receive` that gives a body that has been read once more, then goes on."""
    given = False

    async def receive() -> Message:
        nonlocal given
        if given:
            return await more()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
