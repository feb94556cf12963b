"""The capacity that a training job runs on: for how long, at what price, and when it is lost.

Spot capacity is never short on a laptop. It is taken away by a signal to the job's process, from
outside: SIGTERM as the warning that AWS gives, or SIGKILL for a machine that is gone at once. The
job then begins again, as AWS restarts it.
https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html
"""

import signal
import time
from dataclasses import dataclass
from typing import Any

from local.sagemaker.container import Exit
from local.sagemaker.errors import invalid
from local.sagemaker.store import Record

_DEFAULT_RUNTIME_S = 86_400
_LOST = {128 + signal.SIGTERM, 128 + signal.SIGKILL}  # exit codes
_PAID = 0.3  # share of the time that is billed on spot capacity, where savings reach 90 %


def check(request: dict[str, Any]) -> None:
    """Raise ValidationException unless the waiting time goes with the kind of capacity."""
    condition = request["StoppingCondition"]
    wait = condition.get("MaxWaitTimeInSeconds")
    if not request.get("EnableManagedSpotTraining"):
        if wait is not None:
            raise invalid(
                "MaxWaitTimeInSeconds can only be specified when EnableManagedSpotTraining is true"
            )
    elif wait is None or wait < condition.get("MaxRuntimeInSeconds", _DEFAULT_RUNTIME_S):
        raise invalid(
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
            "MaxRuntimeInSeconds"
        )


@dataclass
class Capacity:
    """A job's capacity; `ran` is for how many seconds it has held some."""

    record: Record
    ran: float = 0.0

    def __post_init__(self) -> None:
        """Begin to count."""
        self._created = time.monotonic()

    @property
    def left(self) -> float:
        """Seconds that the job may still run, all its starts together."""
        running, waiting = self._limits()
        return max(0.0, min(running, waiting))

    @property
    def exceeded(self) -> str:
        """The secondary status of a job for which nothing is left."""
        running, _ = self._limits()
        return "MaxRuntimeExceeded" if running <= 0 else "MaxWaitTimeExceeded"

    def lost(self, end: Exit) -> bool:
        """Tell whether a container ended because its capacity was taken away."""
        spot = bool(self.record.get("EnableManagedSpotTraining"))
        return spot and end.cause == "exited" and end.code in _LOST

    def _limits(self) -> tuple[float, float]:
        condition = self.record["StoppingCondition"]
        running = condition.get("MaxRuntimeInSeconds", _DEFAULT_RUNTIME_S) - self.ran
        wait = condition.get("MaxWaitTimeInSeconds")
        if wait is None:
            return running, float("inf")
        return running, wait - (time.monotonic() - self._created)


def billable(record: Record, seconds: int) -> int:
    """Return how many of the seconds from a job's start to its end are billed."""
    if not record.get("EnableManagedSpotTraining"):
        return seconds
    return int(min(record.get("_Ran", 0.0), seconds) * _PAID)
