"""The metrics of training jobs over time, as CloudWatch keeps them: a statistic set a minute.

`Estimator.training_job_analytics` reads its curves there.
https://docs.aws.amazon.com/sagemaker/latest/dg/training-metrics.html
"""

import logging
import threading
import time
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.clients import Clients

NAMESPACE = "/aws/sagemaker/TrainingJobs"
_MINUTE = 60  # seconds
logger = logging.getLogger("local.curves")
_Key = tuple[str, str, int]  # job, metric, minute since 1970


class Curves:
    """Keeps what jobs tell of their metrics until a minute, or the job, is over."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._lock = threading.Lock()
        self._untold: dict[_Key, list[float]] = {}

    def add(self, job: str, found: list[tuple[str, float]]) -> None:
        """Note metrics of a job, by name."""
        minute = int(time.time() // _MINUTE)
        with self._lock:
            for name, value in found:
                self._untold.setdefault((job, name, minute), []).append(value)

    def tell(self, job: str | None = None) -> None:
        """Write the minutes that are over, or all that there is of a job that ends."""
        now = int(time.time() // _MINUTE)
        with self._lock:
            told = {
                key: values
                for key, values in self._untold.items()
                if (key[2] < now if job is None else key[0] == job)
            }
            for key in told:
                del self._untold[key]
        for key, values in told.items():
            try:
                self._clients.of("cloudwatch").put_metric_data(
                    Namespace=NAMESPACE, MetricData=[_datum(key, values)]
                )
            except (ClientError, BotoCoreError) as exc:
                logger.warning("a minute of %s's %s is lost: %s", key[0], key[1], exc)


def _datum(key: _Key, values: list[float]) -> dict[str, Any]:
    job, name, minute = key
    # within the job's own time: who asks for it names its first second, not its first minute
    at = min(time.time(), (minute + 1) * _MINUTE - 1)
    return {
        "MetricName": name,
        "Dimensions": [{"Name": "TrainingJobName", "Value": job}],
        "Timestamp": at,
        "Unit": "None",
        "StatisticValues": {
            "SampleCount": len(values),
            "Sum": sum(values),
            "Minimum": min(values),
            "Maximum": max(values),
        },
    }
