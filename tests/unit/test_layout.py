"""Layout: keys that people and other programs rely on."""

import pytest

from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.names import InvalidName
from tagline.formats.rows import Side

RUN = "noto-50-0123456789abcdef"


def test_dataset_keys() -> None:
    keys = DatasetKeys("noto-50")
    assert keys.labels == "noto-50/labels.txt"
    assert keys.settings == "noto-50/dataset.yaml"
    assert keys.lists == "noto-50/lists/"
    assert keys.runs == "noto-50/runs/"
    assert keys.champion == "noto-50/champion.json"
    assert keys.latest == "noto-50/latest.json"
    assert keys.split == "noto-50/split.txt"
    assert keys.packed_run == "noto-50/packed.json"
    assert keys.output == "noto-50/output/"
    assert keys.packed("training") == "noto-50/training/train.rec"
    assert keys.packed("validation") == "noto-50/validation/val.rec"
    assert keys.packed("test") == "noto-50/test/test.rec"
    assert keys.packed("validation", 12) == "noto-50/validation/val-00012.rec"
    assert keys.packed_folder("test") == "noto-50/test/"


def test_run_keys_lie_under_the_run() -> None:
    keys, run = RunKeys(RUN), f"noto-50/runs/{RUN}"
    assert keys.dataset == "noto-50"
    assert keys.prefix == f"{run}/"
    assert keys.of("plan.json") == f"{run}/plan.json"
    assert keys.images == f"{run}/images.jsonl"
    assert keys.shard_rows("00000") == f"{run}/shards/00000.jsonl"
    assert keys.shard_images("00000") == f"{run}/shards/00000.tar"
    assert keys.shard_verdicts("00000") == f"{run}/shards/00000.verdicts.jsonl"
    assert keys.shard_part("00000") == f"{run}/shards/00000.part.jsonl"
    assert keys.shard_part_images("00000", "ab") == f"{run}/shards/00000.part-ab.tar"
    assert keys.failure_note("Train") == f"{run}/failures/Train.txt"
    assert keys.parts == f"{run}/parts/"
    assert keys.part("3") == f"{run}/parts/3/part.json"
    assert keys.part_verdicts("3") == f"{run}/parts/3/verdicts.jsonl"
    assert keys.part_records("3", Side.VALIDATION) == f"{run}/parts/3/validation.rec"
    assert keys.packed("training") == f"{run}/training/train.rec"
    assert keys.packed("validation") == f"{run}/validation/val.rec"
    assert keys.packed("test") == f"{run}/test/test.rec"
    assert keys.packed("training", 0) == f"{run}/training/train-00000.rec"
    assert keys.packed_folder("training") == f"{run}/training/"


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("plan", "plan.json"),
        ("shards", "shards.json"),
        ("plan_rejects", "plan-rejects.jsonl"),
        ("rejects", "rejects.jsonl"),
        ("verdicts", "verdicts.jsonl"),
        ("packed_dataset", "dataset.json"),
        ("training_plan", "training.json"),
        ("metrics", "metrics.json"),
        ("smoke", "smoke.json"),
        ("report", "report.html"),
        ("suspects", "suspects.jsonl"),
        ("model_card", "model_card.json"),
        ("decision", "decision.json"),
        ("status", "status.json"),
    ],
)
def test_a_runs_documents_lie_beside_each_other(name: str, file: str) -> None:
    assert getattr(RunKeys(RUN), name) == f"noto-50/runs/{RUN}/{file}"


def test_names_are_checked() -> None:
    with pytest.raises(InvalidName):
        DatasetKeys("../other")
    with pytest.raises(InvalidName):
        RunKeys("noto-50")
    with pytest.raises(KeyError):
        DatasetKeys("noto-50").packed("tests")
