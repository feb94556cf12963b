"""Packed sets of drawn images, laid into a bucket as a run of the flow leaves them."""

import io
from hashlib import sha256
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tagline.cli.cloud import RunningCloud
from tagline.formats.document import encode
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.packed import CHANNELS, PackedRuns
from tagline.formats.recordio import RecordWriter, pack_record
from tagline.formats.rows import Side
from tests.unit.run_documents import packed_dataset

SIDE = 32
COUNTS = {Side.TRAIN: 240, Side.VALIDATION: 60, Side.TEST: 40}
_INKS = ("red", "green", "blue", "orange", "purple", "black", "cyan", "magenta", "brown")


def put_dataset(cloud: RunningCloud, folder: Path, dataset: str, labels: int, seed: int) -> None:
    """Draw and upload a dataset of so many labels, each a colour that an image has or has not."""
    run = f"{dataset}-{seed:016x}"
    keys, rng = RunKeys(run), np.random.default_rng(seed)
    names = [f"{ink} patch" for ink in _INKS[:labels]]
    positives = {name: dict.fromkeys(("train", "validation", "test"), 0) for name in names}
    digests = {}
    s3, bucket = cloud.target.s3, cloud.target.outputs.bucket
    for side, count in COUNTS.items():
        path = folder / f"{dataset}-{side}.rec"
        with path.open("wb") as stream:
            writer = RecordWriter(stream)
            for number in range(count):
                marks = [int(one) for one in rng.random(labels) < 0.3]
                for name, mark in zip(names, marks, strict=True):
                    positives[name][str(side)] += mark
                writer.write(pack_record(number, marks, drawn(marks, rng)))
        digests[str(side)] = sha256(path.read_bytes()).hexdigest()
        s3.upload_file(str(path), bucket, keys.packed(CHANNELS[side]))
    described = packed_dataset(
        run=run,
        labels=names,
        positives=positives,
        sha256=digests,
        image={"size": SIDE},
        rows=sum(COUNTS.values()) + 2,
        accepted=sum(COUNTS.values()),
        **{str(side): count for side, count in COUNTS.items()},
    )
    for key, document in (
        (keys.packed_dataset, described),
        (DatasetKeys(dataset).packed_run, PackedRuns(run=run)),
    ):
        s3.put_object(Bucket=bucket, Key=key, Body=encode(document))


def drawn(marks: list[int], rng: np.random.Generator) -> bytes:
    """Return a JPEG with a patch of each marked label's colour, somewhere."""
    image = Image.new("RGB", (SIDE, SIDE), "white")
    pen = ImageDraw.Draw(image)
    for ink, mark in zip(_INKS, marks, strict=False):
        if mark:
            left, top = (int(at) for at in rng.integers(0, SIDE - 10, 2))
            pen.rectangle((left, top, left + 9, top + 9), fill=ink)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=95)
    return stream.getvalue()
