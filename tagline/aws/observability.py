"""One logger, metrics and tracer for all functions."""

import functools

from aws_lambda_powertools import Logger, Metrics, Tracer

logger = Logger(service="tagline")
metrics = Metrics(service="tagline", namespace="Tagline")


@functools.cache
def tracer() -> Tracer:
    """Return the tracer; made on first use, since the X-Ray SDK takes long to import."""
    return Tracer(service="tagline")
