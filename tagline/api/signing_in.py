"""How the page signs a person in: the stack's parameters, and where its issuer says to ask."""

import time
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec
import urllib3

from tagline.api.problem import unavailable
from tagline.api.scopes import TOKENS
from tagline.api.sign_in_documents import Auth, SignIn, SignInClient
from tagline.aws.observability import logger
from tagline.formats.document import Record

KEPT_SECONDS = 3600.0  # issuers move seldom
_PATIENCE = 3.0  # seconds; a person waits
_MOST_BYTES = 100_000
_LOCAL = {"127.0.0.1", "localhost"}


class Discovery(Record, kw_only=True):
    """What is read of an issuer's openid-configuration."""

    authorization_endpoint: str
    token_endpoint: str


def fetched(url: str) -> bytes:
    """Return what lies at an address; raises urllib3's errors, or ValueError for a refusal."""
    with urllib3.PoolManager() as pool:
        answer = pool.request("GET", url, timeout=_PATIENCE, retries=1, preload_content=False)
        data: bytes = answer.read(_MOST_BYTES)
    if answer.status != 200:  # noqa: PLR2004 - OK
        raise ValueError(f"{url} answered {answer.status}")
    return data


class SigningIn:
    """What a stack asks of its callers, and its issuer's addresses, which are kept for an hour."""

    def __init__(
        self,
        auth: str,
        issuer: str,
        client_id: str,
        scope: str,
        *,
        fetch: Callable[[str], bytes] = fetched,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._auth = auth
        self._issuer = issuer
        self._client_id = client_id
        self._scope = scope
        self._fetch = fetch
        self._clock = clock
        self._found: tuple[float, Discovery] | None = None

    def document(self) -> SignIn:
        """Return how to sign in; raises a 503 where the issuer does not say."""
        tokens = self._auth == TOKENS
        client = None
        if tokens and self._client_id:
            found = self._discovery()
            client = SignInClient(
                client_id=self._client_id,
                scope=self._scope,
                authorization_endpoint=found.authorization_endpoint,
                token_endpoint=found.token_endpoint,
            )
        auth = msgspec.convert(self._auth, Auth)
        return SignIn(auth=auth, issuer=self._issuer if tokens else None, client=client)

    def origins(self) -> tuple[str, ...]:
        """Return the other origins that the page has to ask: where tokens are given, if anywhere.

        Raises a 503 where the issuer does not say.
        """
        client = self.document().client
        if client is None:
            return ()
        parts = urlsplit(client.token_endpoint)
        return (f"{parts.scheme}://{parts.netloc}",)

    def _discovery(self) -> Discovery:
        if self._found is None or self._clock() - self._found[0] >= KEPT_SECONDS:
            url = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
            try:
                found = msgspec.json.decode(self._fetch(url), type=Discovery)
                for address in msgspec.structs.astuple(found):
                    _check(address)
            except (urllib3.exceptions.HTTPError, OSError, ValueError, msgspec.MsgspecError) as exc:
                logger.warning("the issuer does not say where to sign in", exc_info=exc)
                raise unavailable(
                    "issuer_unreachable", "The issuer of tokens does not say where to sign in.", 10
                ) from exc
            self._found = (self._clock(), found)
        return self._found[1]


def _check(address: str) -> None:
    """Raise ValueError for an address that a policy or a browser must not be given."""
    parts = urlsplit(address)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)
    if not (secure and parts.hostname) or any(sign in parts.netloc for sign in " ;,'\"@"):
        raise ValueError(f"{address[:200]!r} is no address to sign in at")
