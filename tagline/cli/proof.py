"""How a command proves to the HTTP API who asks: by a token, or by the AWS credentials."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from tagline.cli.errors import Refused
from tagline.cli.target import Target

TOKEN = "TAGLINE_TOKEN"  # noqa: S105 - the variable's name
Proof = Callable[[str, Mapping[str, str], bytes], Mapping[str, str]]
"""From a request's URL, headers and body to the headers that it is sent with."""


def no_proof(_url: str, headers: Mapping[str, str], _body: bytes) -> Mapping[str, str]:
    """Send a request as it is."""
    return headers


def proof_for(target: Target, token_file: Path | None, method: str = "POST") -> Proof:
    """Return what the stack's API asks for; raises Refused where a token is wanted and missing.

    A token's file is read for each request, so that whoever writes it may renew it meanwhile.
    """
    auth = target.outputs.api_auth
    if auth == "iam":
        return _signing(target, method)
    if auth != "jwt":
        return no_proof

    def bearing(_url: str, headers: Mapping[str, str], _body: bytes) -> Mapping[str, str]:
        return {**headers, "Authorization": f"Bearer {_token(token_file)}"}

    bearing("", {}, b"")  # what is missing is said at once
    return bearing


def _token(file: Path | None) -> str:
    if file is None:
        token, place = os.environ.get(TOKEN, "").strip(), TOKEN
    else:
        place = str(file)
        try:
            token = file.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as exc:
            raise Refused(f"{place}: the token cannot be read: {exc}") from exc
    if not token:
        raise Refused(f"the API asks for a token: set {TOKEN}, or give --token-file a file of one")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise Refused(f"{place} holds something else than one token")
    return token


def _signing(target: Target, method: str) -> Proof:
    def signed(url: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        owner, region = target.session.get_credentials(), target.session.region_name
        if owner is None:
            raise Refused("the API asks for AWS credentials, and there are none")
        request = AWSRequest(method, url, headers=dict(headers), data=body)
        SigV4Auth(owner.get_frozen_credentials(), "execute-api", region).add_auth(request)
        return dict(request.headers.items())

    return signed
