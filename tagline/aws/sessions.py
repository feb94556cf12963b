"""Clients of the SDK without the part of its work that no answer depends on.

For each request botocore puts the User-Agent header together anew, twice, and reads each time in
the answer by a parser that takes any form there is: a quarter of the CPU time of a small object.
"""

import functools
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.session import Session
from botocore.utils import determine_content_length, parse_timestamp

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_SMALL = 1 << 20  # bytes
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


def sending_at_once(client: "S3Client") -> "S3Client":
    """Return the client, which from now on asks S3 for no leave to send what is small.

    botocore sends each body only once S3 has answered its head (`Expect: 100-continue`).
    """
    client.meta.events.register_last("before-call.s3", _ask_no_leave)
    return client


def _ask_no_leave(params: dict[str, Any], **_event: object) -> None:
    body = params.get("body")
    size = determine_content_length(body) if body is not None else None
    if size is not None and size <= _SMALL:
        params["headers"].pop("Expect", None)


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
