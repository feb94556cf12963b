"""MXNet's own ImageRecordIter reads what was packed: every label, every image, in RGB."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from im2rec.records import FetchedImage, Record, pack_image
from im2rec.run.channels import Channel
from tagline.formats.rows import Side
from tagline.formats.settings import ImageSpec
from tagline.imaging import preprocess
from tests.integration.packing_run import drawing

ROOT = Path(__file__).parents[2]
SIZE, IMAGES = 48, 24
READ = """
import json, sys
import mxnet
size, width, batch = map(int, sys.argv[1:4])
found = []
for path in sys.argv[4:]:
    reader = mxnet.io.ImageRecordIter(
        path_imgrec=path, data_shape=(3, size, size), label_width=width, batch_size=batch,
        shuffle=False, preprocess_threads=1, round_batch=False)
    for data in reader:
        pixels, labels = data.data[0].asnumpy(), data.label[0].asnumpy()
        labels = labels.reshape(batch, -1)
        for n in range(batch - (data.pad or 0)):
            middle = slice(size // 3, 2 * size // 3)
            centre = pixels[n, :, middle, middle].mean(axis=(1, 2)).tolist()
            found.append({"labels": labels[n].tolist(), "centre": centre,
                          "mean": float(pixels[n].mean())})
print(json.dumps(found))
"""


def read_with_mxnet(paths: list[Path], labels: int) -> list[dict[str, Any]]:
    """Return the images of record files, read one after the other."""
    numbers = map(str, (SIZE, labels, 1))
    done = subprocess.run(
        [ROOT / ".venvs/trainer/bin/python", "-c", READ, *numbers, *paths],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("labels", "longest"), [(1, None), (3, 20_000), (334, None)])
def test_image_record_iter_reads_labels_and_pixels(
    tmp_path: Path, labels: int, longest: int | None
) -> None:
    spec = ImageSpec(size=SIZE)
    channel = Channel(tmp_path, Side.TRAIN, labels, longest)
    rng = np.random.default_rng(labels)
    expected, seen = [], []
    for number in range(IMAGES):
        text = "".join(rng.choice(["0", "1"], labels))
        packed = pack_image(FetchedImage(number, text, drawing(number)), spec)
        assert isinstance(packed, Record)
        channel.add(packed.payload, text)
        expected.append([float(c) for c in text])
        seen.append(preprocess(drawing(number), spec).astype(float))
    channel.close()
    assert len(channel.paths) == (1 if longest is None else 3)
    found = read_with_mxnet(channel.paths, labels)
    assert [image["labels"] for image in found] == expected
    for image, pixels in zip(found, seen, strict=True):
        middle = slice(SIZE // 3, 2 * SIZE // 3)
        centre = pixels[middle, middle].mean(axis=(0, 1))
        assert image["centre"] == pytest.approx(centre, abs=8)
        assert image["mean"] == pytest.approx(pixels.mean(), abs=2)
