"""How a run's training goes: which records a machine has, how it gets them and what it holds."""

import math
from dataclasses import dataclass

from tagline.formats.instances import memory
from tagline.formats.sagemaker import InputMode
from tagline.formats.settings import Training
from tagline.jobs.feeding import IN_MEMORY, input_mode
from tagline.jobs.limits import trials_of
from tagline.pricing.learning import images_of_96_pixels
from tagline.scale import figures as f
from tagline.scale.load import Load

_GIB = 2**30


@dataclass(frozen=True)
class TrainingLoad:
    """The training of a run to be told of."""

    load: Load

    @property
    def _asked(self) -> Training:
        return self.load.settings.training

    @property
    def host_images(self) -> float:
        """Images of the training channel that one machine has: of its own files, or all."""
        machines = self._asked.instance_count
        if not 1 < machines <= self.load.record_files:
            return self.load.trained
        return (
            math.ceil(self.load.record_files / machines)
            * self.load.trained
            / self.load.record_files
        )

    @property
    def channel_bytes(self) -> float:
        """Bytes of the training channel that one machine has."""
        return self.host_images * self.load.record_bytes

    @property
    def input_mode(self) -> InputMode:
        """How a training machine gets its files."""
        validation = self.load.validated * self.load.record_bytes
        return input_mode(self.channel_bytes, validation, self._asked, self.load.training_type)

    @property
    def copied_bytes(self) -> float:
        """Bytes of both channels that lie on a training machine's disk."""
        copied = self.channel_bytes if self.input_mode == "File" else 0
        return copied + self.load.validated * self.load.record_bytes

    @property
    def channel_reads(self) -> float:
        """GET requests of a round of training: a file's, or of FastFile a read's in each epoch."""
        if self.input_mode == "File":
            return self.machines * self.load.record_files
        return self.machines * self.load.epochs * self.channel_bytes / f.FAST_READ.value

    @property
    def decoded_bytes(self) -> float:
        """Bytes of the training images as a machine keeps them decoded; 0 where they do not fit."""
        decoded = self.host_images * 3 * self.load.settings.image.size**2
        room = (memory(self.load.training_type) or f.TRAIN_CACHE.value) * f.TRAIN_DECODED.value
        return decoded if decoded <= min(room, f.TRAIN_CACHE.value) else 0

    @property
    def streams(self) -> bool:
        """Whether our trainer reads its images from the first file to the last, and holds none."""
        if self._asked.algorithm != "ours" or self._asked.script is not None:
            return False
        if self._asked.shuffle_buffer:
            return True
        there = (memory(self.load.training_type) or 0) * IN_MEMORY
        kept = self.decoded_bytes or (self.input_mode == "File" and self.channel_bytes <= there)
        return not kept

    @property
    def loading(self) -> float:
        """Seconds until a training machine has the images that are copied to it."""
        return self.copied_bytes / f.LOADED.value

    @property
    def learning(self) -> float:
        """Seconds of one machine that a training job takes to learn."""
        cost = images_of_96_pixels(self.load.settings.image.size)
        return self.load.epochs * self.load.trained * cost / f.LEARNED.value

    @property
    def machines(self) -> int:
        """Training machines at a time."""
        tuning = self.load.settings.tuning
        parallel = min(tuning.max_parallel_jobs, tuning.max_jobs) if tuning else 1
        return parallel * self._asked.instance_count

    @property
    def rounds(self) -> int:
        """Training jobs, one after the other."""
        tuning = self.load.settings.tuning
        return math.ceil(trials_of(self.load.settings) / tuning.max_parallel_jobs) if tuning else 1

    @property
    def gib(self) -> float:
        """GiB of memory that a machine takes."""
        row = f.TRAIN_ROW.value + f.TRAIN_LABEL.value * self.load.labels
        buffer = (self._asked.shuffle_buffer or f.BUFFER.value) * self.load.record_bytes
        held = buffer if self.streams else self.host_images * row + self.decoded_bytes
        return (f.TRAIN_START.value + self.load.validated * row + held) / _GIB
