"""An issuer of tokens on this machine: its discovery document, keys, and tokens of any claims."""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

AUDIENCE = "tagline-api"


class Issuer:
    """Signs tokens with its key, which `url` leads to."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[str] = []
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
            },
            "/keys": {"keys": [public | {"kid": self.kid, "use": "sig", "alg": "RS256"}]},
        }


@contextmanager
def issuing() -> Iterator[Issuer]:
    """Serve an issuer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            body = json.dumps(issuer.documents().get(self.path, {})).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
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
