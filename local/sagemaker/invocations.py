"""How often endpoints are asked and how long they take, as CloudWatch's metrics of a minute.

https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

_NAMESPACE = "AWS/SageMaker"
_MINUTE = 60  # seconds
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

    The newest calls are remembered one by one, for alarms that watch an update.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: deque[tuple[dict[str, str], Call]] = deque(maxlen=_REMEMBERED)
        self._took: dict[_Key, list[float]] = {}  # microseconds of each answer

    def add(
        self, endpoint: str, variant: str, seconds: float, status: int = 200, config: str = ""
    ) -> None:
        """Count a request that a model's server answered, or should have."""
        now = time.time()
        where = {"EndpointName": endpoint, "VariantName": variant, "EndpointConfigName": config}
        key = (endpoint, variant, int(now // _MINUTE))
        with self._lock:
            self._calls.append((where, Call(now, status, seconds * 1e6)))
            self._took.setdefault(key, []).append(seconds * 1e6)

    def between(self, where: Mapping[str, str], start: float, end: float) -> list[Call]:
        """Return the calls of these dimensions that were answered in a time."""
        with self._lock:
            return [
                call
                for of, call in self._calls
                if start < call.at <= end and where.items() <= of.items()
            ]

    def tell(self, cloudwatch: Any) -> None:
        """Write the metrics of the minutes that are over."""
        now = int(time.time() // _MINUTE)
        with self._lock:
            over = {key: took for key, took in self._took.items() if key[2] < now}
            for key in over:
                del self._took[key]
        for key, took in over.items():
            told = [
                _datum("Invocations", key, [1.0] * len(took)),
                _datum("ModelLatency", key, took),
            ]
            try:
                cloudwatch.put_metric_data(Namespace=_NAMESPACE, MetricData=told)
            except (ClientError, BotoCoreError) as exc:
                logger.warning("a minute's invocations of %s are lost: %s", key[0], exc)


def _datum(name: str, key: _Key, values: list[float]) -> dict[str, Any]:
    endpoint, variant, minute = key
    return {
        "MetricName": name,
        "Dimensions": [
            {"Name": "EndpointName", "Value": endpoint},
            {"Name": "VariantName", "Value": variant},
        ],
        "Timestamp": minute * _MINUTE,
        "Unit": "Microseconds" if name == "ModelLatency" else "None",
        "StatisticValues": {
            "SampleCount": len(values),
            "Sum": sum(values),
            "Minimum": min(values),
            "Maximum": max(values),
        },
    }
