"""JSON Web Tokens of an HTTP API's callers, checked as API Gateway's JWT authorizer does.

The keys are those that the issuer's discovery document leads to, kept for two hours; a key that is
not among them has them read again, so that an issuer's keys may change. Only RSA signs, `exp` and
`iss` have to be there, and `client_id` counts where there is no `aud`.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
"""

import json
import logging
import threading
import time
import urllib.request
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

import jwt

_ALGORITHMS = ("RS256", "RS384", "RS512")
_KEPT_SECONDS = 7200.0
_TIMEOUT = 5.0
_MOST_BYTES = 1 << 20
_DISCOVERY = "/.well-known/openid-configuration"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
logger = logging.getLogger("local.tokens")


class BadToken(Exception):
    """A token that opens nothing; the message says why."""


class Keys:
    """The public keys of issuers, by their names."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, dict[str, jwt.PyJWK]]] = {}

    def of(self, issuer: str, kid: str) -> jwt.PyJWK:
        """Return an issuer's key; raises BadToken where it has no such key, or does not answer."""
        with self._lock:
            read, keys = self._known.get(issuer, (0.0, {}))
            if kid not in keys or time.monotonic() - read > _KEPT_SECONDS:
                keys = _keys_of(issuer)
                self._known[issuer] = time.monotonic(), keys
        if kid not in keys:
            raise BadToken("the issuer has no key of that name")
        return keys[kid]


def claims_of(token: str, issuer: str, audience: Collection[str], keys: Keys) -> dict[str, Any]:
    """Return a token's claims; raises BadToken unless it is the issuer's, for us, and for now."""
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        if not isinstance(kid, str):
            raise BadToken("the token names no key (kid)")
        key = keys.of(issuer, kid)
        if key.key_type != "RSA":
            raise BadToken("the token's key is not an RSA key")
        claims: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=_ALGORITHMS,
            issuer=issuer,
            options={"require": ["exp", "iss"], "verify_aud": False},
        )
    except jwt.ExpiredSignatureError as exc:
        raise BadToken("the token has expired") from exc
    except jwt.PyJWTError as exc:
        raise BadToken(f"the token is not valid: {exc}") from exc
    found = claims.get("aud", claims.get("client_id"))
    named = {found} if isinstance(found, str) else set(found or ())
    if not named & set(audience):
        raise BadToken("the token has an invalid audience")
    return claims


def _keys_of(issuer: str) -> dict[str, jwt.PyJWK]:
    base = issuer.rstrip("/")
    try:
        place = _document(base + _DISCOVERY)["jwks_uri"]
        found = jwt.PyJWKSet.from_dict(_document(place))
    except (OSError, ValueError, KeyError, TypeError, jwt.PyJWTError) as exc:
        logger.warning("%s: the issuer's keys cannot be read: %s", issuer, exc)
        raise BadToken("the issuer's keys cannot be read") from exc
    return {key.key_id: key for key in found.keys if key.key_id}


def _document(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"}:
        raise ValueError(f"{url} is no HTTP address")
    # a proxy from the environment cannot reach this machine's own address
    handlers = [urllib.request.ProxyHandler({})] if parts.hostname in _LOOPBACK else []
    opener = urllib.request.build_opener(*handlers)
    with opener.open(url, timeout=_TIMEOUT) as answer:
        document = json.loads(answer.read(_MOST_BYTES))
    if not isinstance(document, dict):
        raise TypeError(f"{url} is no JSON object")
    return document
