"""The two files that training reads, written as records come, with what is known about them."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from im2rec.run.rows import SPLITS
from tagline.formats.recordio import frame

NAMES = {"train": "training", "validation": "validation"}  # a split's channel, as training says


@dataclass(frozen=True)
class ChannelFacts:
    """What is known of a record file: its SHA-256 (hex) and how many images have each label."""

    images: int
    bytes: int
    sha256: str
    positives: list[int]


class Channel:
    """One record file under way: its bytes so far, their SHA-256, and its labels' counts."""

    def __init__(self, path: Path, labels: int) -> None:
        self.path = path
        self.images = 0
        self.bytes = 0
        self._positives = np.zeros(labels, np.int64)
        self._hash = hashlib.sha256()
        self._stream = path.open("xb")

    def add(self, payload: bytes, labels: str) -> None:
        """Append one record; `labels` are its labels as text of 0 and 1."""
        framed = frame(payload)
        self._stream.write(framed)
        self._hash.update(framed)
        self.images += 1
        self.bytes += len(framed)
        self._positives += np.frombuffer(labels.encode(), np.uint8) == ord("1")

    @property
    def facts(self) -> ChannelFacts:
        """What is known of the file so far."""
        positives = [int(count) for count in self._positives]
        return ChannelFacts(self.images, self.bytes, self._hash.hexdigest(), positives)

    def close(self) -> None:
        """Finish the file; it can be uploaded after this."""
        self._stream.close()


class Channels:
    """The channels of a run by split; a context manager that closes their files."""

    def __init__(self, folder: Path, labels: int) -> None:
        self._channels = {split: Channel(folder / f"{split}.rec", labels) for split in SPLITS}

    def __getitem__(self, split: str) -> Channel:
        return self._channels[split]

    @property
    def facts(self) -> dict[str, ChannelFacts]:
        """What is known of the files so far, by split."""
        return {split: channel.facts for split, channel in self._channels.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for channel in self._channels.values():
            channel.close()
