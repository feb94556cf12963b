"""How often endpoints are asked and how long they take, as CloudWatch's metrics of a minute.

https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

_NAMESPACE = "AWS/SageMaker"
_MINUTE = 60  # seconds
_VALUES = 150  # of a metric, in one request to CloudWatch
_REMEMBERED = 20_000  # calls
logger = logging.getLogger("local.invocations")
_Key = tuple[str, str, int]  # endpoint, variant, minute since 1970


@dataclass(frozen=True)
class Call:
    """One invocation: when it was answered (s since 1970), the status, how long the model took."""

    at: float
    status: int
    microseconds: float


class Invocations:
    """Counts invocations; those of a minute are told when it is over.

    The newest calls are remembered one by one, for alarms that watch an update. Those of an
    endpoint that somebody looks at closely are told as they come, each value of them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: deque[tuple[dict[str, str], Call]] = deque(maxlen=_REMEMBERED)
        self._told: dict[_Key, list[Call]] = {}  # not yet
        self._close: set[str] = set()

    def add(
        self, endpoint: str, variant: str, seconds: float, status: int = 200, config: str = ""
    ) -> None:
        """Count a request that a model's server answered, or should have."""
        now = time.time()
        where = {"EndpointName": endpoint, "VariantName": variant, "EndpointConfigName": config}
        key = (endpoint, variant, int(now // _MINUTE))
        call = Call(now, status, seconds * 1e6)
        with self._lock:
            self._calls.append((where, call))
            self._told.setdefault(key, []).append(call)

    def look_closely(self, endpoint: str, *, closely: bool) -> None:
        """Begin or end to tell each value of an endpoint's metrics at once."""
        with self._lock:
            (self._close.add if closely else self._close.discard)(endpoint)

    def between(self, where: Mapping[str, str], start: float, end: float) -> list[Call]:
        """Return the calls of these dimensions that were answered in a time."""
        with self._lock:
            return [
                call
                for of, call in self._calls
                if start < call.at <= end and where.items() <= of.items()
            ]

    def tell(self, cloudwatch: Any) -> None:
        """Write the metrics of the minutes that are over, and of whom is looked at closely."""
        now = int(time.time() // _MINUTE)
        with self._lock:
            close = set(self._close)
            over = {k: calls for k, calls in self._told.items() if k[2] < now or k[0] in close}
            for key in over:
                del self._told[key]
        for key, calls in over.items():
            for told in _each(key, calls) if key[0] in close else [_minute(key, calls)]:
                try:
                    cloudwatch.put_metric_data(Namespace=_NAMESPACE, MetricData=told)
                except (ClientError, BotoCoreError) as exc:
                    logger.warning("a minute's invocations of %s are lost: %s", key[0], exc)


def _minute(key: _Key, calls: list[Call]) -> list[dict[str, Any]]:
    took = [call.microseconds for call in calls]
    return [
        _datum(name, key) | {"StatisticValues": _statistics(values)}
        for name, values in (("Invocations", [1.0] * len(calls)), ("ModelLatency", took))
    ]


def _each(key: _Key, calls: list[Call]) -> Iterator[list[dict[str, Any]]]:
    """Yield every value, so that CloudWatch knows percentiles, too."""
    for begin in range(0, len(calls), _VALUES):
        some = calls[begin : begin + _VALUES]
        failed = [float(call.status >= 500) for call in some]  # noqa: PLR2004
        yield [
            _datum("Invocations", key) | {"Values": [1.0] * len(some)},
            _datum("Invocation5XXErrors", key) | {"Values": failed},
            _datum("ModelLatency", key) | {"Values": [call.microseconds for call in some]},
        ]


def _statistics(values: list[float]) -> dict[str, float]:
    return {
        "SampleCount": len(values),
        "Sum": sum(values),
        "Minimum": min(values),
        "Maximum": max(values),
    }


def _datum(name: str, key: _Key) -> dict[str, Any]:
    endpoint, variant, minute = key
    return {
        "MetricName": name,
        "Dimensions": [
            {"Name": "EndpointName", "Value": endpoint},
            {"Name": "VariantName", "Value": variant},
        ],
        "Timestamp": minute * _MINUTE,
        "Unit": "Microseconds" if name == "ModelLatency" else "None",
    }
