"""Small record files that tests draw: images of one colour each, which its id tells."""

import cv2
import numpy as np

from tagline.formats.recordio import frame, pack_record
from trainer.records import RecordFiles

from pathlib import Path  # isort: skip

SIDE, LABELS = 16, 3


def payload(number: int, marks: list[int] | None = None) -> bytes:
    """Return the record of an id; its labels are the id's lowest bits."""
    image = np.full((SIDE, SIDE, 3), number % 250, np.uint8)
    jpeg = cv2.imencode(".jpg", image)[1].tobytes()
    return pack_record(number, marks or [number >> bit & 1 for bit in range(LABELS)], jpeg)


def write(folder: Path, *counts: int, name: str = "train") -> list[Path]:
    """Write files of so many records each, whose ids go on from file to file."""
    folder.mkdir(parents=True, exist_ok=True)
    paths, begin = [], 0
    for number, count in enumerate(counts):
        last = f"{name}-{number:05}.rec" if len(counts) > 1 else f"{name}.rec"
        records = b"".join(frame(payload(each)) for each in range(begin, begin + count))
        (folder / last).write_bytes(records)
        paths.append(folder / last)
        begin += count
    return paths


def files(folder: Path, *counts: int) -> RecordFiles:
    """Return files of so many records each."""
    return RecordFiles(write(folder, *counts))
