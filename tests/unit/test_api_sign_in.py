"""How the page learns to sign a person in, and whom its policy lets it ask."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import urllib3

from tagline.api.problem import Problem
from tagline.api.signing_in import KEPT_SECONDS, SigningIn
from tests.issuer import Issuer, issuing
from tests.unit.api_world import World, api_world, event, get, problem

ISSUER = "https://issuer.example/pool"
GOOD = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://login.example/authorize",
    "token_endpoint": "https://login.example/token",
}
BUCKET = "https://data.s3.amazonaws.com"  # where the page uploads to


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with api_world(monkeypatch) as made:
        yield made


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as made:
        yield made


def asking(fetch: Callable[[str], bytes], auth: str = "jwt", **more: Any) -> SigningIn:
    return SigningIn(auth, ISSUER, "page", "openid tagline/*", fetch=fetch, **more)


def never(url: str) -> bytes:
    raise AssertionError(url)


@pytest.mark.parametrize("auth", ["none", "iam"])
def test_without_tokens_nobody_is_asked(auth: str) -> None:
    found = asking(never, auth)
    assert (found.document().issuer, found.document().client) == (None, None)
    assert found.origins() == ()


def test_without_a_client_the_issuer_is_named_and_not_asked() -> None:
    found = SigningIn("jwt", ISSUER, "", "", fetch=never)
    assert (found.document().issuer, found.document().client) == (ISSUER, None)
    assert found.origins() == ()


def test_the_issuer_says_where_and_is_asked_once_an_hour() -> None:
    asked: list[str] = []
    now = [0.0]

    def fetch(url: str) -> bytes:
        asked.append(url)
        return json.dumps(GOOD).encode()

    found = asking(fetch, clock=lambda: now[0])
    for _ in range(2):
        client = found.document().client
        assert client
        assert (client.client_id, client.scope) == ("page", "openid tagline/*")
        assert client.authorization_endpoint == "https://login.example/authorize"
        assert found.origins() == ("https://login.example",)
    assert asked == [f"{ISSUER}/.well-known/openid-configuration"]
    now[0] = KEPT_SECONDS
    found.document()
    assert len(asked) == 2


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"[]",
        b"<html>",
        b"{}",
        *(
            json.dumps(GOOD | {"token_endpoint": bad}).encode()
            for bad in (
                *("", "token", "javascript:x", "data:,", "http://login.example/token", "https://"),
                *("https://a;script-src *", "https://a b/", "https://u@h/", "https://a,b/", 5),
            )
        ),
    ],
)
def test_what_a_policy_must_not_hold_is_refused(said: bytes) -> None:
    with pytest.raises(Problem) as refused:
        asking(lambda _: said).document()
    assert (refused.value.status, refused.value.code) == (503, "issuer_unreachable")


@pytest.mark.parametrize(
    "fault", [OSError("x"), urllib3.exceptions.ProtocolError("x"), ValueError()]
)
def test_an_issuer_out_of_reach_is_asked_again(fault: Exception) -> None:
    faults = [fault]

    def fetch(_: str) -> bytes:
        if faults:
            raise faults.pop()
        return json.dumps(GOOD).encode()

    found = asking(fetch)
    with pytest.raises(Problem):
        found.document()
    assert found.document().client


def test_the_page_may_ask_a_real_issuer_and_nobody_else(
    monkeypatch: pytest.MonkeyPatch, issuer: Issuer
) -> None:
    monkeypatch.setenv("JWT_ISSUER", issuer.url)
    monkeypatch.setenv("JWT_CLIENT_ID", "page")
    with api_world(monkeypatch, auth="jwt"):
        assert f"connect-src 'self' {BUCKET} {issuer.url};" in policy()
        found = get(event("sign_in")).json
        assert found["auth"] == "jwt"
        assert found["client"]["token_endpoint"] == f"{issuer.url}/token"
        assert issuer.asked == ["/.well-known/openid-configuration"]


def test_a_page_whose_issuer_is_gone_is_served_and_says_so(
    monkeypatch: pytest.MonkeyPatch, issuer: Issuer
) -> None:
    monkeypatch.setenv("JWT_ISSUER", f"{issuer.url}/nothing")
    monkeypatch.setenv("JWT_CLIENT_ID", "page")
    with api_world(monkeypatch, auth="jwt"):
        assert f"connect-src 'self' {BUCKET};" in policy()
        assert problem(get(event("sign_in"))) == (503, "issuer_unreachable")


def test_an_open_stack_asks_nobody(world: World) -> None:
    assert get(event("sign_in")).json == {"auth": "none", "issuer": None, "client": None}


def policy() -> str:
    return get(event("page")).headers["Content-Security-Policy"]
