"""Clients of the SDK without the part of its work that no answer depends on.

For each request botocore puts the User-Agent header together anew, twice, and reads each time in
the answer by a parser that takes any form there is: a quarter of the CPU time of a small object.
"""

import functools
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.session import Session
from botocore.utils import parse_timestamp

_FORMS = (  # S3's two: Last-Modified of an answer and of a listing
    (" GMT", parsedate_to_datetime),
    ("Z", datetime.fromisoformat),
)


def new_client(service: str, config: Config) -> Any:
    """Return a client of a service, by the credentials and region that boto3 finds."""
    session, user_agent = _session()
    return session.client(service, config=Config(user_agent=user_agent).merge(config))


@functools.cache
def _session() -> tuple[boto3.Session, str]:
    """Return the session of these clients, and the SDK's own words of who is asking."""
    core = Session()
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=time_of)
    return boto3.Session(botocore_session=core), core.user_agent()


def time_of(value: Any) -> datetime:
    """Return the time that an answer of AWS names, as botocore reads it.

    The forms that S3 uses are read at once, all others by botocore; raises ValueError.
    """
    if isinstance(value, str):
        for ending, read in _FORMS:
            if value.endswith(ending):
                with suppress(ValueError):
                    return read(value)
    parsed: datetime = parse_timestamp(value)
    return parsed


def forget() -> None:
    """Drop the session, so that the next client looks for credentials anew."""
    _session.cache_clear()
