"""Who may call an HTTP API on the laptop cloud: holders of good tokens, or whom IAM allows it."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.integration.conftest import TEMPLATE
from tests.integration.roles import ACCOUNT, RoleClients, statement
from tests.issuer import Issuer, issuing
from tests.laptop import LaptopCloud

pytestmark = pytest.mark.cloud
CALLERS = TEMPLATE.with_name("callers.yaml")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""

    @property
    def problem(self) -> tuple[int, str]:
        """The status and API Gateway's own message, of a problem document."""
        assert self.headers["content-type"] == "application/problem+json"
        found = json.loads(self.body)
        assert found["status"] == self.status
        return self.status, found["message"]


def ask(
    url: str, headers: dict[str, str] | None = None, method: str = "GET", body: bytes = b""
) -> Answer:
    request = urllib.request.Request(url, body or None, headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as got:
            return Answer(
                got.status, {k.lower(): v for k, v in got.headers.items()}, got.read().decode()
            )
    except urllib.error.HTTPError as exc:
        return Answer(exc.code, {k.lower(): v for k, v in exc.headers.items()}, exc.read().decode())


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as made:
        yield made


@pytest.fixture(scope="module")
def apis(laptop_cloud: LaptopCloud, issuer: Issuer) -> dict[str, str]:
    """One API that asks for tokens and one that asks for signatures."""
    return laptop_cloud.deploy(CALLERS, "callers", f"Issuer={issuer.url}")


@pytest.fixture
def tokens(apis: dict[str, str]) -> str:
    """The URL of the API that asks for tokens."""
    return apis["Tokens"]


@pytest.fixture
def signed(apis: dict[str, str]) -> str:
    """The URL of the API that asks for signatures."""
    return apis["Signed"]


def test_a_good_token_comes_through_with_its_claims(tokens: str, issuer: Issuer) -> None:
    token = issuer.token(scope="tagline/a tagline/b", scp=["x", "y"])
    for scheme in ("Bearer ", "bearer ", ""):
        answer = ask(f"{tokens}/closed/a", {"authorization": scheme + token})
        assert answer.status == 200
        claims = json.loads(answer.body)["jwt"]["claims"]
        assert claims["scope"] == "tagline/a tagline/b"
        assert claims["scp"] == "[x y]"
        assert isinstance(claims["exp"], str)


def test_other_tokens_do_not(tokens: str, issuer: Issuer) -> None:
    bad: dict[str, dict[str, Any]] = {
        "expired": {"exp": int(time.time()) - 5},
        "audience": {"aud": "elsewhere"},
        "issuer": {"iss": "https://elsewhere.example"},
    }
    for why, claims in bad.items():
        answer = ask(f"{tokens}/closed/a", {"authorization": f"Bearer {issuer.token(**claims)}"})
        assert answer.problem == (401, "Unauthorized")
        assert why in answer.headers["www-authenticate"].lower()
        assert why in json.loads(answer.body)["detail"].lower()
    forged = issuer.token()[:-6] + "AAAAAA"
    assert ask(f"{tokens}/closed/a", {"authorization": f"Bearer {forged}"}).problem[0] == 401
    assert ask(f"{tokens}/closed/a").problem == (401, "Unauthorized")


def test_a_route_that_asks_for_nothing_is_open(tokens: str, signed: str) -> None:
    assert ask(f"{tokens}/").status == 200
    assert ask(f"{signed}/").status == 200


def test_a_page_of_an_origin_that_is_named_may_ask(tokens: str, issuer: Issuer) -> None:
    page = {"origin": "https://curators.example", "access-control-request-method": "GET"}
    preflight = ask(f"{tokens}/closed/a", page, "OPTIONS")
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == "https://curators.example"
    asked = {"authorization": f"Bearer {issuer.token()}", "origin": "https://curators.example"}
    answer = ask(f"{tokens}/closed/a", asked)
    assert answer.headers["access-control-allow-origin"] == "https://curators.example"
    assert ask(f"{tokens}/closed/a", asked | {"origin": "https://evil.example"}).status == 403


def sign(
    url: str,
    owner: Credentials,
    method: str = "GET",
    body: bytes = b"",
    service: str = "execute-api",
) -> dict[str, str]:
    request = AWSRequest(method, url, data=body)
    SigV4Auth(owner, service, "us-east-1").add_auth(request)
    return dict(request.headers.items())


def presign(url: str) -> str:
    request = AWSRequest("GET", url)
    SigV4QueryAuth(PERSON, "execute-api", "us-east-1", expires=60).add_auth(request)
    return str(request.url)


PERSON = Credentials("test", "test")


def test_a_signature_of_the_persons_key_opens_everything(signed: str) -> None:
    url = f"{signed}/closed/a%20b"
    assert ask(url, sign(url, PERSON)).status == 200
    assert ask(url, sign(url, PERSON, "POST", b"body"), "POST", b"body").status == 200
    in_url = presign(f"{url}?limit=1")
    assert ask(in_url).status == 200
    assert ask(in_url.replace("limit=1", "limit=2")).problem == (403, "Forbidden")


def test_what_is_not_signed_so_is_refused(signed: str) -> None:
    url = f"{signed}/closed/a"
    for headers in (
        {},
        {"authorization": "Bearer a.b.c"},
        sign(url, Credentials("test", "guessed")),
        sign(url, Credentials("AKIANOBODY", "test")),
        sign(url, PERSON, service="s3"),
        sign(f"{url}b", PERSON),
        sign(url, PERSON, "POST"),
    ):
        assert ask(url, headers).problem == (403, "Forbidden"), headers
    sent = sign(url, PERSON, "POST", b"body")
    assert ask(url, sent, "POST", b"other").problem == (403, "Forbidden")


def test_a_role_may_call_what_its_policies_say(
    laptop_cloud: LaptopCloud, apis: dict[str, str], signed: str
) -> None:
    arn = f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{apis['SignedId']}/*/GET/closed/noto-50"
    role = RoleClients(laptop_cloud, statement("execute-api:Invoke", arn))
    found = role.credentials
    url = f"{signed}/closed"
    allowed = ask(f"{url}/noto-50", sign(f"{url}/noto-50", found))
    assert allowed.status == 200
    assert role.name in json.loads(allowed.body)["iam"]["userArn"]
    refused = ask(f"{url}/zoo", sign(f"{url}/zoo", found))
    assert refused.problem == (403, "Forbidden")
    assert "execute-api:Invoke" in json.loads(refused.body)["detail"]
