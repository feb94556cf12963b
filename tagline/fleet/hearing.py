"""One message of a device: read, checked against who it is of, kept, and remembered."""

import time
from collections.abc import Callable
from datetime import datetime

from tagline.aws.observability import logger, metrics
from tagline.aws.s3 import Bucket
from tagline.fleet.frames import Frames
from tagline.fleet.messages import Refused, Unknown, dataset_of, read, received_at, taken_at
from tagline.fleet.registered import TIME, Devices
from tagline.fleet.results import keep_result
from tagline.formats.devices import RegisteredDevice
from tagline.formats.edge_messages import EdgeFrame, EdgeHealth, EdgeResult
from tagline.formats.fleet_steps import DeviceMessage, HeardAnswer

_PROBLEM = 200  # characters
Said = EdgeResult | EdgeFrame | EdgeHealth


class Ear:
    """Hears devices, for as long as its container lives."""

    def __init__(
        self, bucket: Bucket, kept_days: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`kept_days`: how long results are kept, and so how long they may take to come."""
        self._bucket = bucket
        self._kept_days = kept_days
        self._devices = Devices(bucket, clock)
        self._frames = Frames(bucket, clock)

    def hear(self, message: DeviceMessage) -> HeardAnswer:
        """Keep what a device said; say why where it is refused."""
        now = received_at(message)
        dataset, known, kept, said = None, None, False, ""
        news: dict[str, object] = {}
        try:
            found = _read(message)
            dataset = found.dataset
            known = self._known(found)
            taken = taken_at(found.at, now, self._kept_days)
            kept, said = self._kept(found, taken, now)
            news = _news(found, known)
        except Unknown as exc:
            said = str(exc)
            logger.info("passed over", device=message.device, kind=message.kind, reason=said)
        except Refused as exc:
            said = str(exc)
            logger.warning("refused", device=message.device, kind=message.kind, reason=said)
            metrics.add_metric(name="EdgeRefused", unit="Count", value=1)
            news = {"problem": said[:_PROBLEM], "problem_at": f"{now:{TIME}}"}
            dataset = dataset or dataset_of(message)
            known = known or (self._devices.find(dataset, message.device) if dataset else None)
        if known is not None:
            self._devices.heard(known, now, **news)
        return HeardAnswer(
            device=message.device, kind=message.kind, dataset=dataset, kept=kept, said=said
        )

    def _known(self, found: Said) -> RegisteredDevice:
        known = self._devices.find(found.dataset, found.device)
        if known is None:
            raise Unknown(
                f"{found.dataset} has no device {found.device}: "
                f"`tagline device add {found.device} --dataset {found.dataset}` registers it"
            )
        return known

    def _kept(self, found: Said, taken: datetime, now: datetime) -> tuple[bool, str]:
        if isinstance(found, EdgeResult):
            kept = keep_result(self._bucket, found, taken)
            metrics.add_metric(name="EdgeResults", unit="Count", value=int(kept))
            return kept, "kept" if kept else "was kept before"
        if isinstance(found, EdgeFrame):
            kept = self._frames.keep(found, now)
            metrics.add_metric(name="EdgeFrames", unit="Count", value=int(kept))
            return kept, "kept" if kept else "was kept before, or the day's places are taken"
        return False, "heard"


def _read(message: DeviceMessage) -> Said:
    if message.kind == "results":
        return read(message, EdgeResult)
    if message.kind == "frames":
        return read(message, EdgeFrame)
    return read(message, EdgeHealth)


def _news(found: Said, known: RegisteredDevice) -> dict[str, object]:
    """Return what a message tells of its device. Results may be old: they say no version."""
    if not isinstance(found, EdgeHealth):
        return {} if known.version else {"version": found.version}
    return {
        name: getattr(found, name)
        for name in (
            *("version", "fps", "temperature", "uptime", "buffered"),
            *("dropped", "camera", "update"),
        )
    }
