"""What can go wrong with an object of S3: absent, another version, too large, or refused."""

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from s3transfer.exceptions import RetriesExceededError

FAULTS = (ClientError, BotoCoreError, Boto3Error, RetriesExceededError)
_ABSENT = frozenset({"NoSuchKey", "NoSuchVersion", "NotFound", "404"})
_CONFLICT = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})


class Absent(LookupError):
    """There is no object at a key; the message is its address."""


class Conflict(RuntimeError):
    """An object is not, or no longer, the version that was meant; the message is its address."""


class TooLarge(ValueError):
    """An object is larger than its reader allows."""


def error_code(exc: ClientError) -> str:
    """Return the code S3 gave for a refused request, such as NoSuchKey or 412."""
    return str(exc.response.get("Error", {}).get("Code", ""))


def is_absent(exc: ClientError) -> bool:
    """Return whether a request was refused because there is no such object (or version)."""
    return error_code(exc) in _ABSENT


def is_conflict(exc: ClientError) -> bool:
    """Return whether a request was refused because its condition does not hold."""
    return error_code(exc) in _CONFLICT


def address_of(exc: Exception) -> str:
    """Return the address of the object that a request was about when it failed with `exc`."""
    return str(getattr(exc, "__notes__", ["the bucket"])[0])
