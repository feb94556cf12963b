"""The notebooks of the system that this product grows from, by the SDK, on the emulation."""

import io
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tagline.cli.cloud import RunningCloud
from tagline.formats.recordio import RecordWriter, pack_record
from tagline.formats.registries import ACCOUNTS, image_uri
from tests.sdk.conftest import Program

pytestmark = [pytest.mark.cloud, pytest.mark.laptop, pytest.mark.slow]
IMAGES, SIDE = 256, 96  # the notebooks' batch, and their images


def records(path: Path, labels: int, *, seed: int) -> None:
    """Write images whose colour is their first label's, with a few labels each."""
    rng = np.random.default_rng(seed)
    with path.open("wb") as stream:
        writer = RecordWriter(stream)
        for number in range(IMAGES):
            marks = (rng.random(labels) < 0.03).astype(int)
            marks[number % labels] = 1
            colour = tuple(int(c) for c in rng.integers(0, 256, 3))
            drawn = io.BytesIO()
            Image.new("RGB", (SIDE, SIDE), colour).save(drawn, "JPEG")
            writer.write(pack_record(number, marks.tolist(), drawn.getvalue()))


@pytest.fixture(scope="module")
def data(cloud: RunningCloud, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder, bucket = tmp_path_factory.mktemp("records"), cloud.target.outputs.bucket
    for labels in (50, 334):
        for seed, name in enumerate(("train", "validation")):
            records(folder / f"{name}.rec", labels, seed=seed)
            key = f"notebook-data/{labels}/{name}/{name}.rec"
            cloud.target.s3.upload_file(str(folder / f"{name}.rec"), bucket, key)
    return f"s3://{bucket}/notebook-data"


@pytest.fixture(scope="module")
def programs(
    sdk_v2: Program, data: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[str]]]:
    """What the notebooks print, side by side."""
    image = tmp_path_factory.mktemp("image") / "red.png"
    Image.new("RGB", (120, 80), "red").save(image)
    with ThreadPoolExecutor(4) as pool:
        yield {
            **{
                f"train {labels}": pool.submit(sdk_v2, "builtin_train.py", labels, data, str(image))
                for labels in ("334", "50")
            },
            **{
                f"tune {labels}": pool.submit(sdk_v2, "builtin_tune.py", labels, data)
                for labels in ("334", "50")
            },
        }


@pytest.mark.parametrize("labels", ["334", "50"])
def test_a_training_notebook_runs_as_it_is(programs: dict[str, Future[str]], labels: str) -> None:
    said = programs[f"train {labels}"].result()
    assert "SageMaker's image-classification is emulated by tagline/trainer" in said
    assert "Epoch[4] Validation-accuracy=" in said
    assert said.endswith("ok\n")


@pytest.mark.parametrize("labels", ["334", "50"])
def test_a_tuning_notebook_runs_as_it_is(programs: dict[str, Future[str]], labels: str) -> None:
    assert programs[f"tune {labels}"].result().endswith("ok\n")


def test_its_registries_are_those_that_the_sdk_knows(sdk_v2: Program) -> None:
    said = sdk_v2("registries.py", *ACCOUNTS).splitlines()
    known = dict(line.split() for line in said if "dkr" in line)
    assert known == {region: image_uri(region) for region in ACCOUNTS}
