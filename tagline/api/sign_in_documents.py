"""What the API tells of signing in; openapi.json is made from these types (`make docs`)."""

from typing import Literal

from tagline.api.documents import Part

Auth = Literal["none", "iam", "jwt"]


class SignIn(Part, kw_only=True):
    """How a person or a page comes to be let in."""

    auth: Auth
    """The stack's ApiAuth: nobody is asked, requests are signed, or they bring a token."""
    issuer: str | None
    """Who gives the tokens."""
    client: "SignInClient | None"
    """How this page asks for one; null where the stack has no JwtClientId."""


class SignInClient(Part, kw_only=True):
    """An OAuth 2.0 client without a secret: authorization code with PKCE."""

    client_id: str
    scope: str
    """What is asked for; empty for all that the client may have."""
    authorization_endpoint: str
    token_endpoint: str
