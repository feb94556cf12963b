"""What ministack notes of every call of a function, as CloudWatch keeps it: a point a minute.

A point a call would be 250 bytes each in the state that is written every few seconds.
"""

import threading
import time
from typing import Any

from local import patching

_CLOUDWATCH = "ministack.services.cloudwatch"
_RECORD = ("namespace", "metric_name", "value", "unit", "dimensions")
_MINUTE = 60  # seconds
_Point = dict[str, Any]


def install() -> None:
    """Fold the values of a minute into one point, a statistic set."""
    bucket = patching.function(_CLOUDWATCH, "_metric_bucket", "key")
    key_of = patching.function(_CLOUDWATCH, "_dims_key", "dims")
    lock = threading.Lock()

    def record(
        namespace: str,
        metric_name: str,
        value: float,
        unit: str = "None",
        dimensions: dict[str, str] | None = None,
    ) -> None:
        named = dict(dimensions or {})
        with lock:
            add(bucket((namespace, metric_name, key_of(named))), value, unit, named, time.time())

    patching.replace(_CLOUDWATCH, "record_metric", record, *_RECORD)


def add(points: list[_Point], value: float, unit: str, named: dict[str, str], now: float) -> None:
    """Count a value in the point of its minute, which it begins if need be."""
    last = points[-1] if points else {}
    minute = now // _MINUTE * _MINUTE
    if last.get("Timestamp") == minute and last.get("Unit") == unit and "_stat" in last:
        held = last["_stat"]
        count, total = held["SampleCount"] + 1, held["Sum"] + value
        low, high = min(held["Minimum"], value), max(held["Maximum"], value)
    else:
        count, total, low, high = 1.0, float(value), float(value), float(value)
        points.append({"Timestamp": minute, "Unit": unit, "Dimensions": named})
    statistics = {"SampleCount": count, "Sum": total, "Minimum": low, "Maximum": high}
    points[-1].update(Value=total / count, _stat=statistics)
