"""An issuer of tokens on this machine: its discovery document, keys, tokens of any claims, and the
authorization code flow with PKCE for public clients, whose login is a link to click."""

import base64
import hashlib
import html
import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

AUDIENCE = "tagline-api"


class Issuer:
    """Signs tokens with its key, which `url` leads to."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[str] = []
        self.claims: dict[str, Any] = {"scope": "tagline/*", "sub": "curator"}
        self.lasting = 300
        self._begun: dict[str, dict[str, str]] = {}  # code → what its authorization asked
        self._renewals: set[str] = set()
        self.change_key()

    def change_key(self) -> None:
        """Have another key from now on."""
        self.key = rsa.generate_private_key(65537, 2048)
        self.kid = uuid.uuid4().hex

    def token(self, *, algorithm: str = "RS256", key: Any = None, **claims: Any) -> str:
        """Return a token that is good unless `claims`, None for one to leave out, say otherwise."""
        now = int(time.time())
        good = {"iss": self.url, "aud": AUDIENCE, "exp": now + 300, "iat": now, "nbf": now}
        kept = {name: value for name, value in (good | claims).items() if value is not None}
        return jwt.encode(kept, key or self.key, algorithm, headers={"kid": self.kid})

    def documents(self) -> dict[str, dict[str, Any]]:
        """Return what lies at which path."""
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/keys",
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
            },
            "/keys": {"keys": [public | {"kid": self.kid, "use": "sig", "alg": "RS256"}]},
        }

    def login(self, asked: dict[str, str]) -> str:
        """Return the page by which a person lets a client in."""
        code = uuid.uuid4().hex
        self._begun[code] = asked
        back = urlencode({"code": code, "state": asked["state"]})
        refusal = urlencode({"error": "access_denied", "state": asked["state"]})
        yes, no = (html.escape(f"{asked['redirect_uri']}?{query}") for query in (back, refusal))
        return f'<title>Login</title><a href="{yes}">Let it in</a> <a href="{no}">Do not</a>'

    def grant(self, asked: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Return status and document of a request for tokens; a code is good once."""
        if asked["grant_type"] == "refresh_token":
            good = asked["refresh_token"] in self._renewals
        else:
            begun = self._begun.pop(asked["code"], {})
            digest = hashlib.sha256(asked["code_verifier"].encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            wanted = ("S256", challenge, asked["client_id"], asked["redirect_uri"])
            names = ("code_challenge_method", "code_challenge", "client_id", "redirect_uri")
            good = wanted == tuple(begun.get(name) for name in names)
        if not good:
            return 400, {"error": "invalid_grant"}
        renewal = uuid.uuid4().hex
        self._renewals = {renewal}
        token = self.token(**self.claims)
        lasting = {"expires_in": self.lasting, "refresh_token": renewal, "token_type": "Bearer"}
        return 200, {"access_token": token, **lasting}


@contextmanager
def issuing() -> Iterator[Issuer]:
    """Serve an issuer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            parts = urlsplit(self.path)
            if parts.path == "/authorize":
                self._answer(200, issuer.login(dict(parse_qsl(parts.query))), "text/html")
            else:
                self._answer(200, json.dumps(issuer.documents().get(self.path, {})))

        def do_POST(self) -> None:
            issuer.asked.append(self.path)
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status, document = issuer.grant(dict(parse_qsl(sent)))
            self._answer(status, json.dumps(document))

        def _answer(self, status: int, text: str, kind: str = "application/json") -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield issuer
    server.shutdown()
    thread.join()
    server.server_close()
