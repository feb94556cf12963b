"""One logger, metrics and tracer for all functions."""

import os
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer

logger = Logger(service="tagline")
metrics = Metrics(service="tagline", namespace="Tagline")
Handler = Callable[..., dict[str, Any]]


def traced(handler: Handler) -> Handler:
    """Return the handler, traced unless $POWERTOOLS_TRACE_DISABLED: the X-Ray SDK loads slowly."""
    if os.environ.get("POWERTOOLS_TRACE_DISABLED", "").lower() in {"1", "true"}:
        return handler
    return Tracer(service="tagline").capture_lambda_handler(handler, capture_response=False)
