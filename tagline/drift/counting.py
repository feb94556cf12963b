"""What a container of the function `tag` counts of its answers, and writes now and then.

A thread writes `SECONDS` after the first answer that is not written yet. Lambda stops it between
requests, and it goes on while the next one waits for the model: no answer waits for it. What a
container counted since it last wrote is lost when it ends; docs/drift.md says how much that is.
"""

import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from tagline.aws.observability import logger
from tagline.aws.s3 import JSON, Bucket
from tagline.formats.document import encode_on_a_line
from tagline.formats.drift import BINS, HOUR, HourCounts, InputCounts, LabelCounts, bin_of
from tagline.formats.image_kind import kind_of
from tagline.formats.keys import DatasetKeys
from tagline.formats.models import ImageScores
from tagline.formats.tasks import Task

SECONDS = 15.0  # between two writings: at most 240 an hour
KEPT_TAG = "tagline=drift"  # the bucket's rule expires what has it
_MOST = 64  # datasets, runs and hours that are held at once


class Counted:
    """The counts of one run and hour, as they grow."""

    def __init__(self, run: str, hour: str, labels: Sequence[str]) -> None:
        self.run, self.hour, self.labels = run, hour, tuple(labels)
        self.images = 0
        self.bins = [[0] * BINS for _ in labels]
        self.tagged = [0] * len(labels)
        self.inputs = InputCounts()
        self.written = 0  # of the images

    @property
    def unwritten(self) -> bool:
        """Whether images were counted since they were last written."""
        return self.images > self.written

    def add(
        self, scores: Sequence[float], limits: Sequence[float], image: bytes, *, single: bool
    ) -> None:
        """Count an image: its scores, which of them reach their limits, and its file's kind.

        Of a `single` label it is the best alone, of equal ones the first.
        """
        best = max(range(len(scores)), key=scores.__getitem__) if single else None
        for row, (score, limit) in enumerate(zip(scores, limits, strict=True)):
            self.bins[row][bin_of(score)] += 1
            self.tagged[row] += score >= limit and best in (None, row)
        self.inputs.add(kind_of(image))
        self.images += 1

    def document(self) -> HourCounts:
        """Return them as they stand."""
        return HourCounts(
            run=self.run,
            hour=self.hour,
            images=self.images,
            labels=tuple(
                LabelCounts(label=label, bins=tuple(bins), tagged=tagged)
                for label, bins, tagged in zip(self.labels, self.bins, self.tagged, strict=True)
            ),
            inputs=self.inputs,
        )


class Counting:
    """All that a container counts; safe for threads."""

    def __init__(
        self,
        bucket: Bucket,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        seconds: float = SECONDS,
    ) -> None:
        self._bucket = bucket
        self._clock = clock
        self._seconds = seconds
        self._container = uuid.uuid4().hex[:12]
        self._held: dict[tuple[str, str, str], Counted] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()  # an older draft must not come last
        self._timer: threading.Timer | None = None

    def count(
        self,
        dataset: str,
        model: ImageScores,
        limits: Mapping[str, float],
        image: bytes,
        task: Task = Task.MULTI,
    ) -> None:
        """Count a model's answer to an image's bytes.

        `limits` are the labels' thresholds, whatever the caller asked. Raises KeyError for a label
        without one, and OverflowError where too much waits to be written.
        """
        run = model.run
        with self._lock:
            hour = self._clock().strftime(HOUR)
            held = self._held.get((dataset, run, hour))
            if held is None:
                if len(self._held) >= _MOST:
                    raise OverflowError(f"{_MOST} datasets, runs and hours wait to be written")
                held = self._held[dataset, run, hour] = Counted(run, hour, model.labels)
            reached = [limits[label] for label in model.labels]
            held.add(model.scores, reached, image, single=task is Task.SINGLE)
            if self._timer is None:
                self._timer = threading.Timer(self._seconds, self._write_later)
                self._timer.daemon = True
                self._timer.start()

    def write(self) -> int:
        """Write what is not written yet, over this container's own; returns how many objects.

        What S3 refuses leaves as it is, and what was not written is tried again next time.
        """
        with self._writing:
            with self._lock:
                drafts = [
                    (where, held, held.images, encode_on_a_line(held.document()))
                    for where, held in self._held.items()
                    if held.unwritten
                ]
            for (dataset, run, hour), held, images, body in drafts:
                key = DatasetKeys(dataset).drift_hour(hour, f"{run}-{self._container}")
                self._bucket.put(key, body, JSON, tags=KEPT_TAG)
                held.written = images
            with self._lock:
                now = self._clock().strftime(HOUR)
                self._held = {
                    where: held
                    for where, held in self._held.items()
                    if held.hour == now or held.unwritten
                }
        return len(drafts)

    def _write_later(self) -> None:
        with self._lock:
            self._timer = None
        try:
            self.write()
        except (ClientError, BotoCoreError):
            logger.exception("what was counted for drift could not be written; tried again later")
