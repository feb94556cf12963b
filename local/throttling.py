"""What a caller is told when as many functions run as may.

Invoke answers 429 by itself. Step Functions has an error name for it, by which tasks are tried
again. API Gateway passes no 429 of Lambda on: it says 503, or 500
(https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway-errors.html). Here it is a problem
document, as the product's other refusals are, with API Gateway's `message` in it.
"""

import json
from typing import Any

from local import patching

_LAMBDA = "ministack.services.lambda_svc"
_THROTTLE = ("reason_code", "msg", "retry_after")
_TO_API = "lambda_execute_result_to_api_proxy_response"
UNAVAILABLE: dict[str, Any] = {
    "statusCode": 503,
    "headers": {"Content-Type": "application/problem+json", "Retry-After": "1"},
    "body": json.dumps(
        {
            "type": "about:blank",
            "title": "Service Unavailable",
            "status": 503,
            "code": "busy",
            "detail": "As many functions run at once as may: ask again in a second.",
            "message": "Service Unavailable",
        }
    ),
}
_Result = dict[str, Any]


def install() -> None:
    """Put both in place."""
    throttled = patching.function(_LAMBDA, "_throttle_response", *_THROTTLE)

    def named(reason_code: str, msg: str, retry_after: int = 1) -> _Result:
        result: _Result = throttled(reason_code, msg, retry_after)
        error = {"errorType": "Lambda.TooManyRequestsException", "errorMessage": msg}
        return {**result, "body": {**result["body"], **error}}

    patching.replace(_LAMBDA, "_throttle_response", named, *_THROTTLE)
    answered = patching.function(_LAMBDA, _TO_API, "exec_result")

    def answer(exec_result: _Result) -> tuple[_Result | None, str | None]:
        if exec_result.get("throttle"):
            return UNAVAILABLE, None
        given: tuple[_Result | None, str | None] = answered(exec_result)
        return given

    patching.replace(_LAMBDA, _TO_API, answer, "exec_result")
