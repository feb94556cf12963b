"""The edge of the HTTP API: every way out of a handler becomes one answer.

Nothing leaves as an exception, since API Gateway would turn that into a 500 without a word.
"""

import functools
from collections.abc import Callable, Mapping
from http import HTTPStatus

import msgspec
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as AwsConnectionError

from tagline.api.conditional import as_asked
from tagline.api.deadline import OutOfTime, within
from tagline.api.problem import Answer, Problem, unavailable
from tagline.api.requests import Request
from tagline.api.scopes import Reach
from tagline.aws.environment import environment
from tagline.aws.faults import error_code
from tagline.aws.observability import logger, metrics

Event = Mapping[str, object]
_TO_SAY_SO = 1.0  # seconds before the function's timeout
_BUSY = {
    "InternalDependencyException",
    "InternalError",
    "InternalFailure",
    "RequestLimitExceeded",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "503",
}


def http_api(
    respond: Callable[[Request], Answer],
) -> Callable[[Event, LambdaContext], dict[str, object]]:
    """Make a Lambda handler of a function from request to answer.

    Problems become their RFC 9457 document, AWS being busy, slow or out of reach a 503 with
    Retry-After, and a fault of ours a 500 whose trace is in the log under the request's id. A
    dataset that the caller may not ask for is refused before anything is done. What the function's
    timeout would cut off is broken off a second before.
    """

    @functools.wraps(respond)
    def handler(event: Event, context: LambdaContext) -> dict[str, object]:
        request = Request.of(event)
        logger.append_keys(request_id=request.request_id, route=request.route, **request.path)
        try:
            with within(context.get_remaining_time_in_millis() / 1000 - _TO_SAY_SO):
                if "dataset" in request.path:
                    reach_of(request).require(request.path["dataset"])
                answer = respond(request)
        except OutOfTime:
            logger.warning("there was no answer in time")
            answer = _problem(_slow(), request)
        except Exception as exc:  # noqa: BLE001 - the last line before the caller; logged in full
            answer = _problem(problem_of(exc), request)
        if metrics.provider.metric_set:
            metrics.flush_metrics()
        plain: dict[str, object] = msgspec.to_builtins(as_asked(request, answer).for_gateway())
        return plain

    return logger.inject_lambda_context(handler, clear_state=True)


def reach_of(request: Request) -> Reach:
    """Return which datasets the caller may ask for and change; raises a 401 or a 403."""
    here = environment()
    return Reach.of(here.api_auth, request.claims, open_changes=here.api_open_changes)


def problem_of(exc: Exception) -> Problem:
    """Return what a caller is told of an error; what is not the caller's own is logged."""
    if isinstance(exc, Problem):
        return exc
    if isinstance(exc, ClientError):
        return _of_aws(exc)
    if isinstance(exc, HTTPClientError | AwsConnectionError):
        logger.warning("AWS is out of reach", exc_info=exc)
        return _slow()
    logger.exception("the request met a fault of the product")
    return _fault()


def _problem(problem: Problem, request: Request) -> Answer:
    logger.info("answered a problem", status=int(problem.status), code=problem.code)
    return problem.to_answer(request.request_id)


def _of_aws(exc: ClientError) -> Problem:
    code = error_code(exc)
    if code in _BUSY:
        logger.warning("AWS is busy", error=code)
        return unavailable("busy", "A service behind the API is busy; try again.", 2)
    logger.exception("AWS refused a call", error=code)
    return _fault()


def _slow() -> Problem:
    return unavailable("busy", "A service behind the API is slow.", 5)


def _fault() -> Problem:
    return Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal",
        "The service failed on this request. Its log has the reason under the request_id.",
    )
