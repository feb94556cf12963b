"""Which datasets a caller may ask for: a token's scopes say, where the stack wants tokens.

`tagline/<dataset>` is a scope for one dataset, `tagline/*` for all. API Gateway has checked the
token itself; here it is only read, and nothing is asked of S3 for a dataset out of its reach, so
that nobody learns which others there are.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from tagline.api.problem import Problem

PREFIX = "tagline/"
EVERY = f"{PREFIX}*"
TOKENS = "jwt"  # the value of ApiAuth that asks for tokens
_CLAIMS = ("scope", "scp")  # RFC 9068, and what other issuers call it
_BETWEEN = re.compile(r"[\s,\[\]]+")  # API Gateway writes a list as "[a b]"


@dataclass(frozen=True)
class Reach:
    """The datasets that a caller may ask for; None: all."""

    datasets: frozenset[str] | None = None

    @classmethod
    def of(cls, auth: str, claims: Mapping[str, object] | None) -> "Reach":
        """Return the reach of a call, by the stack's ApiAuth and the claims of the caller's token.

        Raises a 401 where a token is wanted and none was checked, a 403 for one without any scope
        of ours.
        """
        if auth != TOKENS:
            return cls()
        if claims is None:
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "unauthorized",
                "Send a token: Authorization: Bearer <token>.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        words = {word for name in _CLAIMS for word in _BETWEEN.split(str(claims.get(name, "")))}
        if EVERY in words:
            return cls()
        named = {word.removeprefix(PREFIX) for word in words if word.startswith(PREFIX)}
        if not named:
            raise _forbidden(f"{PREFIX}<dataset>")
        return cls(frozenset(named))

    def holds(self, dataset: str) -> bool:
        """Tell whether a dataset is among them."""
        return self.datasets is None or dataset in self.datasets

    def require(self, dataset: str) -> None:
        """Raise a 403 for a dataset that is not, whether there is such a dataset or not."""
        if not self.holds(dataset):
            raise _forbidden(f"{PREFIX}{dataset[:60]}")


def _forbidden(scope: str) -> Problem:
    return Problem(
        HTTPStatus.FORBIDDEN,
        "wrong_scope",
        f"The token has neither the scope {scope} nor {EVERY}.",
        headers={"WWW-Authenticate": 'Bearer error="insufficient_scope"'},
    )
