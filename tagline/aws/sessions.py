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
from botocore.session import Session
from botocore.utils import parse_timestamp

_FORMS = (  # S3's two: Last-Modified of an answer and of a listing
    (" GMT", parsedate_to_datetime),
    ("Z", datetime.fromisoformat),
)


@functools.cache
def user_agent() -> str:
    """Return the SDK's own words of who is asking: a client that is told makes none."""
    core = Session()
    core.user_agent_name, core.user_agent_version = "Boto3", boto3.__version__
    return str(core.user_agent())


@functools.cache
def session() -> boto3.Session:
    """Return the session of the flow's clients, by the credentials and region that boto3 finds."""
    core = Session()
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=time_of)
    return boto3.Session(botocore_session=core)


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
