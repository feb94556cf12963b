"""The fingerprint of a dataset: equal ones are recognised across versions of Tagline."""

import pytest

from tagline.formats.rows import PlannedRow, Side
from tagline.formats.settings import Settings
from tagline.planning import fingerprint as module
from tagline.planning.fingerprint import fingerprint
from tagline.settings import load_settings

NAMES = ["a", "b", "c"]
PACKING = "2, opencv 4.14.0.94, pillow 13.0.0, pyspng 0.1.4, simplejpeg 1.9.0"
EVERYTHING = """
    source: s3://pictures/site
    image: {size: 128, mode: crop, background: "#FF00aa"}
    split: {validation: 0.3, seed: 7}
    tolerance: {rejected: 1}
    training: {epochs: 5, learning_rate: 1e-4, optimizer: nag, use_weighted_loss: true,
               weight_decay: 0}
    tuning:
      max_jobs: 2
      ranges:
        use_weighted_loss: [true, false]
        learning_rate: {min: 1e-5, max: 1}
        mini_batch_size: [8, 64]
        optimizer: [adam, sgd]
    promotion: {margin: 0.01}
    endpoint: {instance_type: ml.m5.large, instance_count: 2}
    """


def row(number: int, bucket: str, key: str, etag: str, labels: str) -> PlannedRow:
    return PlannedRow(
        line=1,
        id=number,
        path=key,
        bucket=bucket,
        key=key,
        etag=etag,
        size=1,
        labels=labels,
        split=Side.TRAIN,
    )


ROWS = [
    row(7, "data", "demo/a.png", "etag", "010"),
    row(2**64 - 1, "pictures", "ä.png", "etag-2", "111"),
]


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("", "c434655b0242a00c4c333174dc9ebb13b16c266ff4d02b89a0dc9580f939ea74"),
        (EVERYTHING, "ef7ecd9d852def076b261464d57d72e9651535643ed00526569ade07db998d90"),
    ],
)
def test_stays_what_it_was(text: str, mark: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another value makes every dataset train once more: raise FORMAT where that is meant."""
    monkeypatch.setattr(module, "PACKING", PACKING)
    assert fingerprint(NAMES, load_settings(text), ROWS) == mark


def test_names_how_images_are_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(NAMES, Settings(), ROWS)
    monkeypatch.setattr(module, "PACKING", "another")
    assert fingerprint(NAMES, Settings(), ROWS) != before
