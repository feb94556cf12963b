"""Layout: keys that people and other programs rely on."""

import pytest

from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.names import InvalidName

RUN = "noto-50-0123456789abcdef"


def test_dataset_keys() -> None:
    keys = DatasetKeys("noto-50")
    assert keys.labels == "noto-50/labels.txt"
    assert keys.settings == "noto-50/dataset.yaml"
    assert keys.champion == "noto-50/champion.json"
    assert keys.packed("training") == "noto-50/training/train.rec"
    assert keys.packed("validation") == "noto-50/validation/val.rec"


def test_run_keys_lie_under_the_run() -> None:
    keys = RunKeys(RUN)
    assert keys.prefix == f"noto-50/runs/{RUN}/"
    assert keys.packed("training") == f"noto-50/runs/{RUN}/training/train.rec"
    for key in (keys.of("plan.json"), keys.shard_rows("00000"), keys.shard_images("00000")):
        assert key.startswith(keys.prefix)


def test_names_are_checked() -> None:
    with pytest.raises(InvalidName):
        DatasetKeys("../other")
    with pytest.raises(InvalidName):
        RunKeys("noto-50")
    with pytest.raises(KeyError):
        DatasetKeys("noto-50").packed("test")
