"""The image of a tag request: from its body, or from S3, bounded before it is read.

The bytes say what an image is, not the declared type: `curl --data-binary @image.png` declares a
form. Nothing is decoded here; the endpoint does that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tagline.api.documents import ImageLocation
from tagline.api.problem import Problem, bad_request
from tagline.api.recognising import image_type, usual_cause
from tagline.api.requests import Request, asked_in_json, decoded
from tagline.aws.faults import error_code, is_absent
from tagline.formats.locations import Location, fault_of_key, parse_uri
from tagline.formats.stand_ins import image_stand_in

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MAX_IMAGE_BYTES = 6 * 1024 * 1024  # InvokeEndpoint's body, as botocore's model states it


@dataclass(frozen=True)
class Image:
    """An encoded image as the endpoint takes it."""

    content_type: str
    data: bytes


def requested_image(
    request: Request, data: bytes, s3: "S3Client", allowed: Callable[[Location], bool]
) -> Image:
    """Return the image that a request's body, with its gzip undone as `data`, holds or points at.

    Raises a Problem: 400 for an empty or malformed body, 413 for too many bytes, 415 for what is
    no PNG, JPEG or WebP, 403 for a place that is not `allowed`, 422 for an object that is missing.
    """
    if not data:
        raise bad_request("empty_body", "Send an image, or JSON with an s3_uri, as the body.")
    if image_type(data):
        return image_of(data, "The body")
    declared = request.media_type
    said_json = declared == "application/json" and usual_cause(data) is None
    if said_json or data.lstrip()[:1] == b"{":
        asked = asked_in_json(data)
        if isinstance(asked, ImageLocation):
            return read_image(place_of(asked.s3_uri, allowed), s3)
        if not (image := decoded(asked.image)):
            raise bad_request("empty_body", "The image has no bytes.")
        return image_of(image, "The image")
    return image_of(data, "The body")


def place_of(uri: str, allowed: Callable[[Location], bool]) -> Location:
    """Return the place that an s3_uri names; raises a 400, or a 403 for one out of reach."""
    location = _location(uri)
    # before anything is asked of S3, so that all that is out of reach is refused alike
    if _climbs(location) or not allowed(location):
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "not_allowed_bucket",
            "s3_uri may name images below the dataset's own prefix of the data bucket, and below "
            "its source.",
        )
    return location


def read_image(place: Location, s3: "S3Client") -> Image:
    """Return the image at a place; raises a 413, 415 or 422."""
    bucket, key = place
    try:
        size = s3.head_object(Bucket=bucket, Key=key)["ContentLength"]
        if size > MAX_IMAGE_BYTES:
            raise Problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "object_too_large",
                f"The object has {size} bytes; an image may have {MAX_IMAGE_BYTES}.",
            )
        # The range bounds the answer even when the object grew after the HEAD.
        answer = s3.get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{MAX_IMAGE_BYTES - 1}")
    except ClientError as exc:
        raise _unreadable(exc, bucket) from exc
    return image_of(answer["Body"].read(), "The object")


def _location(uri: str) -> Location:
    found = parse_uri(uri)
    if found is None or not found.key:
        raise bad_request("bad_s3_uri", "s3_uri must be s3://bucket/key.")
    if not _climbs(found) and (fault := fault_of_key(found.key)):
        raise bad_request("bad_s3_uri", f"The key of s3_uri {fault}.")
    return found


def _climbs(location: Location) -> bool:
    """Tell whether a key would leave its folder, if it were a path."""
    return ".." in location.key.split("/")


def _unreadable(exc: ClientError, bucket: str) -> Exception:
    code = "404" if is_absent(exc) else error_code(exc)
    reasons = {
        "404": ("missing_object", "There is no such object"),
        "NoSuchBucket": ("missing_object", "There is no such bucket"),
        "403": ("access_denied", "The object may not be read, or does not exist,"),
        "AccessDenied": ("access_denied", "The object may not be read, or does not exist,"),
        "InvalidRange": ("empty_object", "The object is empty"),
        "InvalidObjectState": ("archived_object", "The object is archived and not readable"),
    }
    if code not in reasons:
        return exc  # throttling and the like: the boundary answers for these
    name, words = reasons[code]
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, name, f"{words} in bucket {bucket}.")


def image_of(data: bytes, what: str) -> Image:
    """Return bytes as the image that they begin like; raises a 415 about `what` they are."""
    content_type = image_type(data)
    if content_type is None:
        cause = usual_cause(data) or _stand_in(data)
        cause = cause or "is no PNG, JPEG or WebP image, going by its first bytes"
        raise _unsupported(f"{what} {cause}.")
    return Image(content_type, data)


def _stand_in(data: bytes) -> str | None:
    found = image_stand_in(data[:1024])
    return f"is {found}" if found else None


def _unsupported(detail: str) -> Problem:
    return Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_image", detail)
