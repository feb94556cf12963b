"""Which datasets a caller may ask for, and which it may change.

Where the stack wants tokens, their scopes say it: `tagline/<dataset>` is a scope for one dataset,
`tagline/*` for all; `tagline/<dataset>/curate` and `tagline/*/curate` open orders and dropped
lists, too. API Gateway has checked the token itself; here it is only read, and nothing is asked of
S3 for a dataset out of its reach, so that nobody learns which others there are. Where IAM decides,
it does so by route. Where nobody is asked who calls, changes are closed unless the stack opens
them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from tagline.api.problem import Problem

PREFIX = "tagline/"
CURATE = "/curate"
_ALL = "*"
EVERY = f"{PREFIX}{_ALL}"
TOKENS = "jwt"  # the value of ApiAuth that asks for tokens
NOBODY = "none"  # the one that asks nobody who calls
_CLAIMS = ("scope", "scp")  # RFC 9068, and what other issuers call it
_BETWEEN = re.compile(r"[\s,\[\]]+")  # API Gateway writes a list as "[a b]"


@dataclass(frozen=True)
class Reach:
    """What a caller may ask for."""

    datasets: frozenset[str] | None = None
    """None: all."""
    changes: frozenset[str] | None = None
    """Those that it may change, None: all."""
    signed_in: bool = True
    """Whether it is known who calls."""

    @classmethod
    def of(
        cls, auth: str, claims: Mapping[str, object] | None, *, open_changes: bool = False
    ) -> "Reach":
        """Return the reach of a call, by the stack's ApiAuth and the claims of the caller's token.

        `open_changes` lets everybody change everything where nobody is asked who calls. Raises a
        401 where a token is wanted and none was checked, a 403 for one without any scope of ours.
        """
        if auth == NOBODY:
            return cls(changes=None if open_changes else frozenset(), signed_in=False)
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
        named = {word.removeprefix(PREFIX) for word in words if word.startswith(PREFIX)}
        if not named:
            raise _forbidden(f"{PREFIX}<dataset>", EVERY)
        curated = {name.removesuffix(CURATE) for name in named if name.endswith(CURATE)}
        seen = {name.removesuffix(CURATE) for name in named}
        return cls(_all_or(seen), _all_or(curated))

    def holds(self, dataset: str) -> bool:
        """Tell whether a dataset is among them."""
        return self.datasets is None or dataset in self.datasets

    def require(self, dataset: str) -> None:
        """Raise a 403 for a dataset that is not, whether there is such a dataset or not."""
        if not self.holds(dataset):
            raise _forbidden(f"{PREFIX}{dataset[:60]}", EVERY)

    def refusal(self, dataset: str) -> Problem | None:
        """Return the 403 with which a change of a dataset is refused; None where it may be."""
        if self.changes is None or dataset in self.changes:
            return None
        if self.signed_in:
            return _forbidden(f"{PREFIX}{dataset[:60]}{CURATE}", f"{EVERY}{CURATE}")
        return Problem(
            HTTPStatus.FORBIDDEN,
            "sign_in_needed",
            "This API does not ask who calls (ApiAuth=none), so it takes no orders and no lists; "
            "ApiOpenChanges=true opens them to everybody.",
        )

    def require_change(self, dataset: str) -> None:
        """Raise a 403 for a dataset that the caller may not change."""
        if (refusal := self.refusal(dataset)) is not None:
            raise refusal


def _all_or(names: set[str]) -> frozenset[str] | None:
    return None if _ALL in names else frozenset(names)


def _forbidden(scope: str, every: str) -> Problem:
    return Problem(
        HTTPStatus.FORBIDDEN,
        "wrong_scope",
        f"The token has neither the scope {scope} nor {every}.",
        headers={"WWW-Authenticate": 'Bearer error="insufficient_scope"'},
    )
