"""Temporary credentials of roles, kept where ministack's STS keeps those of AssumeRole."""

import threading
from dataclasses import dataclass
from typing import Any

from local import patching

_IAM = "ministack.services.iam"
_STS = "ministack.services.sts"
_lock = threading.Lock()


@dataclass(frozen=True)
class Session:
    """A role in use: the principal's ARN, and the credentials that prove it."""

    arn: str
    access_key: str
    secret_key: str
    token: str

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables by which an AWS SDK is this principal."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_SESSION_TOKEN": self.token,
        }


def session_of(role_arn: str, name: str) -> Session:
    """Return the session `name` of a role; the same one again for the same two.

    It never expires and outlives a restart with the rest of STS's state. A role that does not
    exist has a session all the same, which no policy allows anything. Raises ValueError for what
    is no role's ARN.
    """
    if ":role/" not in role_arn:
        raise ValueError(f"{role_arn!r} is no role's ARN")
    known = patching.member(_STS, "_sessions", dict)
    account, role = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    arn = f"arn:aws:sts::{account}:assumed-role/{role}/{name}"
    with _lock:
        for key, kept in list(known.items()):
            if kept.get("Arn") == arn and kept.get("Laptop"):
                return Session(arn, key, kept["SecretAccessKey"], kept["SessionToken"])
        made = Session(
            arn,
            patching.function(_IAM, "_gen_session_access_key")(),
            patching.function(_IAM, "_gen_secret")(),
            patching.function(_IAM, "_gen_session_token")(),
        )
        patching.function(_STS, "register_session", "access_key", "session")(
            made.access_key, _kept(made, account, f"{_id_of(role_arn)}:{name}")
        )
    return made


def secret_of(access_key: str) -> str | None:
    """Return the secret of temporary credentials, or None for a key that is none of theirs."""
    kept = patching.member(_STS, "_sessions", dict).get(access_key)
    return str(kept["SecretAccessKey"]) if kept else None


def _kept(session: Session, account: str, user_id: str) -> dict[str, Any]:
    return {
        "AccountId": account,
        "Arn": session.arn,
        "Laptop": True,
        "PrincipalType": "AssumedRole",
        "SecretAccessKey": session.secret_key,
        "SessionToken": session.token,
        "UserId": user_id,
    }


def _id_of(role_arn: str) -> str:
    found: str = patching.function(_STS, "_role_id", "role_arn")(role_arn)
    return found
