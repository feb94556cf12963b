"""Which devices a dataset has, and what was last heard of each: written seldom, over what is there.

A device is looked up once a minute by a container, and what is heard of it written once a minute at
most, at once where its version changed.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from msgspec.structs import replace

from tagline.aws.faults import Conflict
from tagline.aws.s3 import Bucket
from tagline.formats.devices import DeviceKeys, RegisteredDevice
from tagline.formats.names import InvalidName

SECONDS = 60.0  # that a device is known for, and between two writings
_KNOWN = 1024
_TRIES = 3  # at a device that other containers write, too
TIME = "%Y-%m-%dT%H:%M:%SZ"


class Devices:
    """The devices of all datasets, as this container knows them."""

    def __init__(self, bucket: Bucket, clock: Callable[[], float] = time.monotonic) -> None:
        self._bucket = bucket
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[float, RegisteredDevice]] = {}

    def find(self, dataset: str, device: str) -> RegisteredDevice | None:
        """Return a dataset's device, None where it has none of this name."""
        name = (dataset, device)
        read, known = self._known.get(name, (-SECONDS, None))
        if known is not None and self._clock() - read < SECONDS:
            return known
        try:
            key = DeviceKeys(dataset).device(device)
        except InvalidName:
            return None
        known = self._bucket.get(key, RegisteredDevice)
        if known is None:
            self._known.pop(name, None)
        else:
            self._remember(known)
        return known

    def heard(self, known: RegisteredDevice, now: datetime, **said: object) -> bool:
        """Write what was heard of a device, if it is time to; return whether it was written.

        `said` holds keys of RegisteredDevice.
        """
        if not _is_due(known, now, said):
            return False
        key = DeviceKeys(known.dataset).device(known.device)
        for _ in range(_TRIES):
            found = self._bucket.find(key, RegisteredDevice)
            if found is None or not _is_due(found.content, now, said):
                break
            news = replace(found.content, seen=f"{now:{TIME}}", **said)
            try:
                self._bucket.write_over(key, news, found.etag)
            except Conflict:  # another container did, or the device was removed
                continue
            self._remember(news)
            return True
        self._known.pop((known.dataset, known.device), None)
        return False

    def _remember(self, known: RegisteredDevice) -> None:
        if len(self._known) >= _KNOWN:
            self._known.clear()
        self._known[known.dataset, known.device] = (self._clock(), known)


def _is_due(known: RegisteredDevice, now: datetime, said: Mapping[str, object]) -> bool:
    if said.get("version", known.version) != known.version:
        return True
    if known.uptime is None and "uptime" in said:  # the first that it tells of itself
        return True
    if not known.fps and said.get("fps"):  # it had just started then
        return True
    last = known.problem_at if "problem" in said else known.seen
    if last is None:
        return True
    return (now - datetime.strptime(last, TIME).replace(tzinfo=UTC)).total_seconds() >= SECONDS
