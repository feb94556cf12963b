"""Images of tag requests that are kept to be looked at, where dataset.yaml asks for some.

It is read once a minute, so that a switch acts at once; YAML is loaded only where the file has the
word. Whatever goes wrong here is logged and counted, and the answer goes out all the same.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import UNSET, UnsetType

from tagline.api.deadline import left
from tagline.api.images import Image
from tagline.aws.observability import logger, metrics
from tagline.aws.s3 import Bucket
from tagline.feedback.images import Kept
from tagline.feedback.sampling import Answered, Sampler
from tagline.formats.feedback_settings import Sampling
from tagline.formats.keys import MAX_SETTINGS_BYTES, DatasetKeys
from tagline.formats.models import ImageScores

SETTINGS_SECONDS = 60.0  # that a switch takes to act
_TO_ANSWER = 5.0  # seconds that have to be left of a request
_SECONDS = 2.0  # after which S3 is asked nothing more; a call takes 1.5 at most (clients.hasty_s3)
_KEPT = 256
_OFF = Sampling()


class Samples:
    """What this container knows of the datasets' settings, and keeps of their requests."""

    def __init__(self, bucket: Bucket, clock: Callable[[], float] = time.monotonic) -> None:
        self._bucket = bucket
        self._sampler = Sampler(bucket, self._check_time)
        self._clock = clock
        self._settings: dict[str, tuple[float, Sampling]] = {}
        self._begun = 0.0

    def consider(
        self,
        dataset: str,
        image: Image,
        model: ImageScores,
        *,
        unsure: bool | UnsetType = UNSET,
    ) -> None:
        """Keep an image that was answered, if the dataset's settings say so. Never raises.

        `unsure` is what the answer says, of an image that has exactly one label.
        """
        if left() < _TO_ANSWER:
            return
        self._begun = self._clock()
        try:
            settings = self._of(dataset)
            scores = dict(zip(model.labels, model.scores, strict=True))
            kept = Kept(image.data, image.content_type)
            doubt = None if unsure is UNSET else unsure
            answered = Answered(dataset, kept, model.run, scores, unsure=doubt)
            if self._sampler.keep(answered, settings, datetime.now(UTC)):
                metrics.add_metric(name="ImagesSampled", unit="Count", value=1)
        except Exception as exc:  # noqa: BLE001 - it is beside the answer, which goes out; logged
            logger.warning("an image could not be sampled", exc_info=exc)
            metrics.add_metric(name="SamplingFailures", unit="Count", value=1)

    def _check_time(self) -> None:
        if self._clock() - self._begun > _SECONDS:
            raise TimeoutError("S3 takes too long to keep an image beside its answer")

    def _of(self, dataset: str) -> Sampling:
        now = self._clock()
        read, settings = self._settings.get(dataset, (-SETTINGS_SECONDS, _OFF))
        if now - read < SETTINGS_SECONDS:
            return settings
        if len(self._settings) >= _KEPT:
            self._settings.clear()
        # what cannot be read is not asked for again at each request
        self._settings[dataset] = (now, _OFF)
        found = self._bucket.find_bytes(DatasetKeys(dataset).settings, MAX_SETTINGS_BYTES)
        if found and b"sampling" in found.content:
            from tagline.settings import load_settings  # noqa: PLC0415 - loads YAML; seldom wanted

            self._settings[dataset] = (now, load_settings(found.content).sampling)
        return self._settings[dataset][1]
