"""Asking a dataset's endpoint for the scores of one image."""

import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

import msgspec
from botocore.exceptions import ClientError
from msgspec import UNSET

from tagline.api.clients import ANSWER_SECONDS
from tagline.api.deadline import left
from tagline.api.images import Image
from tagline.api.problem import Problem, unavailable
from tagline.aws.faults import error_code
from tagline.formats.document import Record, UnreadableDocument, decode_record
from tagline.formats.models import WITH_HEAT, ImageScores, Refusal
from tagline.formats.owners import owns_run
from tagline.formats.recommending import Recommendations
from tagline.formats.waiting import waiting

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

A = TypeVar("A", ImageScores, Recommendations)
_CLIENT_ERRORS = range(400, 500)
_BUSY = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
}
_LONGEST_WAIT = 60  # seconds that a caller is asked for


class _ModelError(Record, kw_only=True, rename="pascal"):
    """What SageMaker tells of the container's answer when that was no success."""

    original_status_code: int = 500
    original_message: str = ""


def ask(
    runtime: "SageMakerRuntimeClient",
    endpoint: str,
    dataset: str,
    image: Image,
    *,
    seconds: float | None = None,
    explain: bool = False,
) -> ImageScores:
    """Return the scores of an image by the endpoint of a dataset, and what they hang on if asked.

    The container is told how long its answer is waited for: `seconds`, or what is left of the
    request. Raises a 422 with its words when it refuses the image, and a 503 when the endpoint is
    busy, changing, crashed or answers nonsense.
    """
    found = invoke(
        runtime,
        endpoint,
        dataset,
        ImageScores,
        content_type=image.content_type,
        body=image.data,
        accept=WITH_HEAT if explain else "application/json",
        seconds=seconds,
    )
    if len(found.labels) != len(found.scores):
        raise _broken(f"Endpoint {endpoint} answered labels and scores of different lengths.")
    return found


def invoke(
    runtime: "SageMakerRuntimeClient",
    endpoint: str,
    dataset: str,
    kind: type[A],
    *,
    content_type: str,
    body: bytes,
    accept: str = "application/json",
    seconds: float | None = None,
) -> A:
    """Return an endpoint's answer as its `kind`, of a model of the dataset.

    Raises a 422 with the container's words when it refuses, and a 503 as `ask` does.
    """
    try:
        answer = runtime.invoke_endpoint(
            EndpointName=endpoint,
            ContentType=content_type,
            Accept=accept,
            CustomAttributes=waiting(min(ANSWER_SECONDS, left() if seconds is None else seconds)),
            InferenceId=uuid.uuid4().hex,  # by which a shadow's answer is told from others
            Body=body,
        )
    except ClientError as exc:
        raise _problem(exc, endpoint) from exc
    try:
        found = decode_record(answer["Body"].read(), kind, endpoint)
    except UnreadableDocument as exc:
        what = "scores" if kind is ImageScores else "recommendations"
        raise _broken(f"Endpoint {endpoint} answered something else than {what}.") from exc
    if not owns_run(dataset, found.run):
        raise _broken(f"Endpoint {endpoint} answered by a model of another dataset.")
    return found


def _problem(exc: ClientError, endpoint: str) -> Exception:
    code = error_code(exc)
    if code == "ModelError":
        told = msgspec.convert(exc.response, _ModelError)
        status = told.original_status_code
        if status in _BUSY:
            return _busy(told.original_message)
        if status in _CLIENT_ERRORS:
            return _refused(told.original_message)
        return unavailable("model_failed", f"The model behind {endpoint} failed; try again.", 5)
    if code in {"ValidationError", "ValidationException"}:  # no such endpoint, or not in service
        return unavailable("endpoint_not_ready", f"Endpoint {endpoint} is not in service yet.", 30)
    if code == "ModelNotReadyException":
        return unavailable("endpoint_not_ready", f"Endpoint {endpoint} is loading its model.", 10)
    return exc  # throttling and the like: the boundary answers for these


def _busy(message: str) -> Problem:
    """Pass on when to come back: SageMaker hands on a container's body, and none of its headers."""
    told = _refusal(message)
    seconds = told.retry_after if told else UNSET
    detail = "The model has as much to do as it can do in time; try again."
    return unavailable("busy", detail, min(max(seconds or 1, 1), _LONGEST_WAIT))


def _refused(message: str) -> Problem:
    """Pass on the container's words, or its text when it is none of its refusals."""
    refusal = _refusal(message) or Refusal(
        error="refused_image", detail=message or "The model refused the image."
    )
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, refusal.error[:60], refusal.detail[:500])


def _refusal(message: str) -> Refusal | None:
    try:
        return decode_record(message.encode("utf-8", "replace"), Refusal, "the answer")
    except UnreadableDocument:
        return None


def _broken(detail: str) -> Problem:
    return unavailable("model_failed", detail, 30)
