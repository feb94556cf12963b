"""boto3 clients of the laptop cloud itself, for parts of it that act like any other client."""

import threading
from typing import Any

import boto3
from botocore.config import Config

from local.access.sessions import Session
from local.context import ACCESS_KEY, Cloud

_CONFIG = Config(
    connect_timeout=5,
    max_pool_connections=32,
    read_timeout=120,
    retries={"max_attempts": 3},
    s3={"addressing_style": "path"},
)


class Clients:
    """Makes one client a service and keeps it; clients may be shared between threads.

    They are a role's where a session is given, else the person's, who may do everything.
    """

    def __init__(self, cloud: Cloud, session: Session | None = None) -> None:
        self._cloud = cloud
        self._session = boto3.session.Session(
            aws_access_key_id=session.access_key if session else ACCESS_KEY,
            aws_secret_access_key=session.secret_key if session else cloud.secret_key,
            aws_session_token=session.token if session else None,
            region_name=cloud.region,
        )
        self._made: dict[str, Any] = {}
        self._lock = threading.Lock()

    def of(self, service: str) -> Any:
        """Return the client of a service, by boto3's name for it."""
        with self._lock:  # a session may not be used by two threads at once
            if service not in self._made:
                make: Any = self._session.client  # its typed overloads need a literal name
                self._made[service] = make(
                    service, endpoint_url=self._cloud.endpoint, config=_CONFIG
                )
            return self._made[service]
