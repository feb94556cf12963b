"""Metrics read from a job's output by the regular expressions of its MetricDefinitions.

Those of a built-in algorithm are predefined, and a request must not name others.
"""

import math
import re
import threading
import time
from typing import Any

from local.sagemaker.errors import invalid
from tagline.formats.image_classification import METRICS
from tagline.formats.registries import is_builtin


def definitions(algorithm: dict[str, Any]) -> list[dict[str, str]]:
    """Return the metric definitions of an AlgorithmSpecification."""
    return _predefined(algorithm) or algorithm.get("MetricDefinitions") or []


def check(algorithm: dict[str, Any]) -> None:
    """Raise ValidationException for metric definitions that AWS would refuse."""
    if _predefined(algorithm) and algorithm.get("MetricDefinitions"):
        raise invalid(
            "You can't override the metric definitions for Amazon SageMaker algorithms. Please "
            "retry the request without specifying metric definitions."
        )
    MetricScanner(definitions(algorithm))


def _predefined(algorithm: dict[str, Any]) -> list[dict[str, str]]:
    """Return a built-in algorithm's own definitions; AWS does not publish its expressions."""
    if not is_builtin(algorithm["TrainingImage"]):
        return []
    return [{"Name": name, "Regex": regex} for name, regex in METRICS.items()]


class MetricScanner:
    """Keeps the latest value of each metric as lines go by."""

    def __init__(self, definitions: list[dict[str, str]]) -> None:
        """Compile `[{"Name", "Regex"}]`; raises ValidationException for a useless expression."""
        self._expressions = [(item["Name"], _expression(item)) for item in definitions]
        self._latest: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def scan(self, line: str) -> list[tuple[str, float]]:
        """Take the metrics out of one line and return their names and values.

        What a group matched that is not a finite number is no metric, as on AWS.
        """
        found = []
        for name, expression in self._expressions:
            for match in expression.finditer(line):
                try:
                    value = float(match[1])
                except (TypeError, ValueError):
                    continue
                if math.isfinite(value):
                    found.append((name, value))
                    entry = {"MetricName": name, "Value": value, "Timestamp": time.time()}
                    with self._lock:
                        self._latest[name] = entry
        return found

    def latest(self) -> list[dict[str, Any]]:
        """Return MetricData `{"MetricName", "Value", "Timestamp"}` of each metric seen so far."""
        with self._lock:
            return list(self._latest.values())


def _expression(definition: dict[str, str]) -> re.Pattern[str]:
    name, regex = definition["Name"], definition["Regex"]
    try:
        expression = re.compile(regex)
    except re.error as exc:
        raise invalid(f"metric {name!r}: {regex!r} is no regular expression: {exc}") from exc
    if expression.groups < 1:
        raise invalid(f"metric {name!r}: {regex!r} has no group that holds the value")
    return expression
