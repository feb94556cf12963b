"""Frames that a device was unsure of, kept as images of requests are, for people to label."""

import base64
import binascii
import hashlib
import time
from collections.abc import Callable
from datetime import datetime

from tagline.aws.s3 import Bucket
from tagline.feedback.images import Kept
from tagline.feedback.sampling import Answered, Sampler
from tagline.fleet.messages import Refused
from tagline.formats.edge import EdgePackage
from tagline.formats.edge_keys import EdgeKeys
from tagline.formats.edge_messages import EdgeFrame
from tagline.formats.feedback_settings import Sampling
from tagline.formats.image_headers import image_size
from tagline.formats.keys import MAX_SETTINGS_BYTES, DatasetKeys
from tagline.formats.names import InvalidName

SETTINGS_SECONDS = 60.0  # that a switch takes to act
_NONE = Sampling(percent=0)
_JPEG = "image/jpeg"
_MOST_PIXELS = 4096 * 4096
_KNOWN = 256


class Frames:
    """Keeps frames, as many a day of a dataset as its settings say (`edge.frames`)."""

    def __init__(self, bucket: Bucket, clock: Callable[[], float] = time.monotonic) -> None:
        self._bucket = bucket
        self._clock = clock
        self._sampler = Sampler(bucket)
        self._settings: dict[str, tuple[float, Sampling]] = {}
        self._runs: dict[tuple[str, str], str] = {}

    def keep(self, frame: EdgeFrame, now: datetime) -> bool:
        """Keep a frame; False where it was kept already, or the day's are full.

        Raises Refused where the dataset wants none, or the frame is no JPEG of its hash.
        """
        settings = self._of(frame.dataset)
        if not settings.percent:
            raise Refused(f"{frame.dataset} keeps no frames: its dataset.yaml says so, edge.frames")
        image = Kept(_jpeg(frame), _JPEG)
        scores = {each.label: each.score for each in frame.scores}
        run = self._run(frame)
        answered = Answered(frame.dataset, image, run, scores, device=frame.device)
        return self._sampler.keep(answered, settings, now)

    def _of(self, dataset: str) -> Sampling:
        now = self._clock()
        read, settings = self._settings.get(dataset, (-SETTINGS_SECONDS, _NONE))
        if now - read < SETTINGS_SECONDS:
            return settings
        found = self._bucket.find_bytes(DatasetKeys(dataset).settings, MAX_SETTINGS_BYTES)
        settings = _sampling(found.content) if found and b"frames" in found.content else _NONE
        if len(self._settings) >= _KNOWN:
            self._settings.clear()
        self._settings[dataset] = (now, settings)
        return settings

    def _run(self, frame: EdgeFrame) -> str | None:
        """Return whose model a device's version is."""
        name = (frame.dataset, frame.version)
        if name not in self._runs:
            try:
                key = EdgeKeys(frame.dataset).package(frame.version)
            except InvalidName:
                return None
            package = self._bucket.whole(key, EdgePackage)
            if package is None:
                return None
            if len(self._runs) >= _KNOWN:
                self._runs.clear()
            self._runs[name] = package.run
        return self._runs[name]


def _sampling(content: bytes) -> Sampling:
    """Return what dataset.yaml says of frames, as what is said of requests' images."""
    from tagline.settings import InvalidSettings, load_settings  # noqa: PLC0415 - loads YAML

    try:
        said = load_settings(content)
    except InvalidSettings as exc:
        raise Refused(f"dataset.yaml cannot be read: {exc}") from exc
    if not said.edge.frames:
        return _NONE
    days = said.sampling.keep_days
    return Sampling(percent=100, quota=said.edge.frames, band=None, keep_days=days)


def _jpeg(frame: EdgeFrame) -> bytes:
    try:
        data = base64.b64decode(frame.jpeg, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise Refused("jpeg: no base64") from exc
    if hashlib.sha256(data).hexdigest() != frame.sha256:
        raise Refused("sha256: not the frame's")
    size = image_size(data) if data.startswith(b"\xff\xd8\xff") else None
    if size is None:
        raise Refused("jpeg: no JPEG, or one that ends in its header")
    if size.width * size.height > _MOST_PIXELS:
        raise Refused(f"jpeg: {size.width}x{size.height} pixels; {_MOST_PIXELS:,} go")
    return data
