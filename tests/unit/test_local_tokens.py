"""Which tokens the laptop cloud takes, by the rules of API Gateway's JWT authorizer."""

import base64
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local.tokens import BadToken, Keys, claims_of
from tests.issuer import AUDIENCE, Issuer, issuing

NOW = int(time.time())


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as made:
        yield made


def claims(token: str, issuer: Issuer, keys: Keys | None = None) -> dict[str, object]:
    return claims_of(token, issuer.url, [AUDIENCE, "another"], keys or Keys())


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"aud": ["x", AUDIENCE]},
        {"aud": None, "client_id": AUDIENCE},
        {"nbf": None, "iat": None},
        {"scope": "tagline/a"},
    ],
)
def test_a_good_token_has_its_claims(issuer: Issuer, said: dict[str, Any]) -> None:
    found = claims(issuer.token(**said), issuer)
    assert {name: found.get(name) for name in said} == said


@pytest.mark.parametrize("algorithm", ["RS384", "RS512"])
def test_other_rsa_algorithms_are_taken(issuer: Issuer, algorithm: str) -> None:
    assert claims(issuer.token(algorithm=algorithm), issuer)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"exp": NOW - 1}, "expired"),
        ({"exp": None}, "exp"),
        ({"exp": "soon"}, "valid"),
        ({"nbf": NOW + 86_400}, "valid"),
        ({"iat": NOW + 86_400}, "valid"),
        ({"iss": "https://elsewhere.example"}, "valid"),
        ({"iss": None}, "iss"),
        ({"aud": "elsewhere"}, "audience"),
        ({"aud": None}, "audience"),
        ({"aud": "elsewhere", "client_id": AUDIENCE}, "audience"),  # aud decides where there is one
        ({"aud": [AUDIENCE.upper()]}, "audience"),
    ],
)
def test_a_bad_claim_is_named(issuer: Issuer, said: dict[str, Any], why: str) -> None:
    with pytest.raises(BadToken, match=why):
        claims(issuer.token(**said), issuer)


def test_another_key_of_the_same_name_opens_nothing(issuer: Issuer) -> None:
    forged = issuer.token(key=rsa.generate_private_key(65537, 2048))
    with pytest.raises(BadToken, match="Signature"):
        claims(forged, issuer)


def test_a_token_without_a_signature_opens_nothing(issuer: Issuer) -> None:
    body = jwt.decode(issuer.token(), options={"verify_signature": False})
    bare = jwt.encode(body, None, "none", headers={"kid": issuer.kid})  # type: ignore[arg-type]
    for token in (bare, issuer.token().rpartition(".")[0] + "."):
        with pytest.raises(BadToken):
            claims(token, issuer)


def test_the_public_key_is_no_secret_to_sign_with(issuer: Issuer) -> None:
    """The oldest trick: HMAC by the key that everybody knows."""
    public = issuer.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    head = encoded({"alg": "HS256", "typ": "JWT", "kid": issuer.kid})
    signed = f"{head}.{issuer.token().split('.')[1]}"
    signature = hmac.digest(public, signed.encode(), "sha256")
    with pytest.raises(BadToken):
        claims(f"{signed}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}", issuer)


def encoded(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


@pytest.mark.parametrize("token", ["", "a.b.c", "a", "....", "é.é.é", "eyJhbGciOiJSUzI1NiJ9.e30.x"])
def test_what_is_no_token_is_refused(issuer: Issuer, token: str) -> None:
    with pytest.raises(BadToken):
        claims(token, issuer)


def test_keys_are_read_once_and_again_when_they_change(issuer: Issuer) -> None:
    keys, issuer.asked = Keys(), []
    for _ in range(3):
        claims(issuer.token(), issuer, keys)
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]
    old = issuer.token()
    issuer.change_key()
    assert claims(issuer.token(), issuer, keys)
    with pytest.raises(BadToken, match="no key"):
        claims(old, issuer, keys)


def test_an_issuer_that_does_not_answer_is_named() -> None:
    with issuing() as gone:
        token = gone.token()
    with pytest.raises(BadToken, match="cannot be read"):
        claims(token, gone)
