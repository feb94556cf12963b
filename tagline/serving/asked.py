"""How often an endpoint's variants were asked, and how long they took: CloudWatch's metrics.

They come a minute or two late. https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
"""

import math
from datetime import datetime
from typing import TYPE_CHECKING

from tagline.formats.shadow import Asked, Latency

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricTypeDef

_WANTED = {
    "requests": ("Invocations", "Sum"),
    "errors": ("Invocation5XXErrors", "Sum"),
    "p50": ("ModelLatency", "p50"),
    "p95": ("ModelLatency", "p95"),
    "p99": ("ModelLatency", "p99"),
}
_MINUTE = 60  # seconds
_MICROSECONDS = 1000  # in a millisecond


def asked(
    client: "CloudWatchClient", endpoint: str, variant: str, since: datetime, now: datetime
) -> Asked:
    """Return what became of the requests to a variant in a time, from its first minute's begin.

    A time that CloudWatch cuts in two has the worse half's percentiles.
    """
    since = since.replace(second=0, microsecond=0)  # metrics are of minutes, and bear their begin
    period = _MINUTE * max(1, math.ceil((now - since).total_seconds() / _MINUTE))
    answer = client.get_metric_data(
        MetricDataQueries=[
            {
                "Id": name,
                "MetricStat": {
                    "Metric": _metric(endpoint, variant, metric),
                    "Period": period,
                    "Stat": statistic,
                },
            }
            for name, (metric, statistic) in _WANTED.items()
        ],
        StartTime=since,
        EndTime=now,
    )
    found = {each["Id"]: each["Values"] for each in answer["MetricDataResults"]}
    requests, errors = (round(sum(found.get(name, ()))) for name in ("requests", "errors"))
    times = [max(found.get(name, ()), default=None) for name in ("p50", "p95", "p99")]
    p50, p95, p99 = times
    latency = None
    if p50 is not None and p95 is not None and p99 is not None:
        latency = Latency(p50=_ms(p50), p95=_ms(p95), p99=_ms(p99))
    return Asked(requests=requests, errors=errors, latency=latency)


def _metric(endpoint: str, variant: str, name: str) -> "MetricTypeDef":
    return {
        "Namespace": "AWS/SageMaker",
        "MetricName": name,
        "Dimensions": [
            {"Name": "EndpointName", "Value": endpoint},
            {"Name": "VariantName", "Value": variant},
        ],
    }


def _ms(microseconds: float) -> float:
    return round(microseconds / _MICROSECONDS, 2)
