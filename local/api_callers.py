"""Who may call the routes of an HTTP API: holders of a good token, or whom IAM allows it.

What API Gateway answers itself, `{"message": …}`, is a problem document here, as the product's own
refusals are, with that `message` in it.
"""

import asyncio
import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from local import patching, signatures
from local.access.authority import Authority
from local.access.calls import Call
from local.access.sessions import secret_of
from local.context import ACCESS_KEY, Cloud
from local.tokens import BadToken, Keys, claims_of

_SERVICE = "ministack.services.apigateway"
_VALIDATE = ("route", "authorizer", "headers", "query_params")
Response = tuple[int, dict[str, str], bytes]
_SIGNATURES = (
    signatures.Unsigned,
    signatures.UnknownKey,
    signatures.WrongSignature,
    signatures.WrongBody,
    signatures.Expired,
)


@dataclass(frozen=True)
class Asked:
    """A request to an API: as it was signed, and the path below the API's own address."""

    signed: signatures.Request
    body: bytes
    api: str
    path: str


class Callers:
    """Judges the callers of one laptop cloud's HTTP APIs."""

    def __init__(self, cloud: Cloud, authority: Authority) -> None:
        self._cloud = cloud
        self._authority = authority
        self._keys = Keys()
        self._match = patching.function(_SERVICE, "_match_route", "api_id", "method", "path")

    def install(self) -> None:
        """Check tokens here, in the place of ministack's own check."""
        patching.replace(_SERVICE, "_validate_jwt_authorizer", self._of_token, *_VALIDATE)

    async def _of_token(
        self,
        _route: Mapping[str, Any],
        authorizer: Mapping[str, Any],
        headers: Mapping[str, str],
        _query_params: object,
    ) -> tuple[dict[str, Any] | None, list[str] | None, Response | None]:
        """Return a caller's claims, or what it is refused with."""
        wanted = authorizer["jwtConfiguration"]
        token = _bearer(headers.get("authorization", ""))
        if not token:
            detail = "Send a token: Authorization: Bearer <token>."
            return None, None, _refusal(401, "Unauthorized", detail, "Bearer")
        try:
            claims = await asyncio.to_thread(
                claims_of, token, wanted["issuer"], wanted["audience"], self._keys
            )
        except BadToken as exc:
            challenge = f'Bearer error="invalid_token" error_description="{exc}"'
            return None, None, _refusal(401, "Unauthorized", f"{exc}.", challenge)
        return claims, None, None

    def refusal(self, asked: Asked) -> Response | None:
        """Return why a request is refused to a route that asks for a signature, or None."""
        route = self._match(asked.api, asked.signed.method, asked.path)
        if not route or route.get("authorizationType") != "AWS_IAM":
            return None
        try:
            key = self._signer(asked)
        except _SIGNATURES as exc:
            return _refusal(403, "Forbidden", f"The request is not signed as asked: {_said(exc)}")
        if self._authority.is_root(key):
            return None
        token = asked.signed.header("x-amz-security-token")
        token = token or parse_qs(asked.signed.query).get("X-Amz-Security-Token", [""])[0]
        parts = {"ApiId": asked.api, "Method": asked.signed.method, "Path": asked.path}
        refusal = self._authority.stranger(key, token) or self._authority.refusal(
            key, Call("execute-api", "Invoke", parts)
        )
        return _refusal(403, "Forbidden", refusal.message) if refusal else None

    def _signer(self, asked: Asked) -> str:
        """Return the access key that a request was signed with for API Gateway."""
        signed = signatures.read(asked.signed)
        if signed.service != "execute-api":
            raise signatures.WrongSignature
        signed.check(self._secret, asked.body, dt.datetime.now(dt.UTC))
        promised = signed.body_hash
        if promised is not None and promised != hashlib.sha256(asked.body).hexdigest():
            raise signatures.WrongBody
        return signed.access_key

    def _secret(self, key: str) -> str | None:
        return self._cloud.secret_key if key == ACCESS_KEY else secret_of(key)


def _bearer(header: str) -> str:
    scheme, _, token = header.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else scheme


def _said(exc: Exception) -> str:
    return (type(exc).__doc__ or "").strip().rstrip(".").lower()


def _refusal(status: int, message: str, detail: str, challenge: str | None = None) -> Response:
    document = {
        "type": "about:blank",
        "title": message,
        "status": status,
        "code": message.lower(),
        "detail": detail,
        "request_id": str(uuid.uuid4()),
        "message": message,
    }
    headers = {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}
    if challenge is not None:
        headers["WWW-Authenticate"] = challenge.encode("ascii", "replace").decode()
    return status, headers, json.dumps(document).encode()
