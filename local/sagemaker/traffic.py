"""How an update moves traffic: in steps of a DeploymentConfig, each with its time to watch alarms.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_BlueGreenUpdatePolicy.html
One process stands for a fleet, so an instance is a share of the calls.
"""

import math
import random
import threading
from dataclasses import dataclass

from local.sagemaker.errors import invalid
from local.sagemaker.server import Server
from local.sagemaker.store import Record

_LEAST_STEP, _MOST = 0.1, 0.5  # of the fleet's capacity


@dataclass(frozen=True)
class Step:
    """What share of the calls goes to the new server, and for how many seconds at least."""

    share: float
    seconds: float


def steps_of(deployment: Record, fleet: int) -> list[Step]:
    """Return the steps of an update to a fleet; raises ValidationException for wrong sizes.

    The last step has all traffic, and the time in which the old fleet waits to be terminated.
    """
    policy = deployment.get("BlueGreenUpdatePolicy", {})
    routing = policy.get("TrafficRoutingConfiguration", {})
    last = Step(1.0, policy.get("TerminationWaitInSeconds", 0))
    kind, wait = routing.get("Type", "ALL_AT_ONCE"), routing.get("WaitIntervalInSeconds", 0)
    if kind == "ALL_AT_ONCE":
        return [last]
    member = "CanarySize" if kind == "CANARY" else "LinearStepSize"
    size = routing.get(member)
    if size is None:
        raise invalid(f"TrafficRoutingConfiguration of type {kind} needs {member}")
    share = size["Value"] / (100 if size["Type"] == "CAPACITY_PERCENT" else fleet)
    if share > _MOST or (kind == "LINEAR" and share < _LEAST_STEP):
        raise invalid(f"{member} is {share:.0%} of {fleet} instances: 10 to 50 % are allowed")
    if kind == "CANARY":
        return [Step(share, wait), last]
    count = math.ceil(1 / share - 1e-9)
    return [*(Step(share * number, wait) for number in range(1, count)), last]


class Traffic:
    """Which server answers a call to an endpoint: one, or two by their shares."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._live: dict[str, Server] = {}
        self._coming: dict[str, tuple[Server, float]] = {}

    def pick(self, name: str) -> Server | None:
        """Return the server that answers the next call, or None."""
        with self._lock:
            coming = self._coming.get(name)
            if coming and random.random() < coming[1]:  # noqa: S311 - no secret
                return coming[0]
            return self._live.get(name)

    def has(self, name: str, server: Server) -> bool:
        """Tell whether a server still answers for an endpoint."""
        with self._lock:
            coming = self._coming.get(name)
            return self._live.get(name) is server or (coming is not None and coming[0] is server)

    def live(self, name: str) -> Server | None:
        """Return the server that holds an endpoint, whoever else answers for a share."""
        with self._lock:
            return self._live.get(name)

    def share(self, name: str, server: Server, share: float) -> None:
        """Let a server answer for a share of the calls."""
        with self._lock:
            self._coming[name] = server, share

    def settle(self, name: str, server: Server) -> None:
        """Let a server hold an endpoint alone."""
        with self._lock:
            self._live[name] = server
            self._coming.pop(name, None)

    def go_back(self, name: str) -> None:
        """Let the server that holds the endpoint answer all calls again."""
        with self._lock:
            self._coming.pop(name, None)

    def drop(self, name: str) -> Server | None:
        """Forget an endpoint and return who held it."""
        with self._lock:
            self._coming.pop(name, None)
            return self._live.pop(name, None)

    def all(self) -> list[Server]:
        """Return every server that answers."""
        with self._lock:
            return [*self._live.values(), *(server for server, _ in self._coming.values())]
