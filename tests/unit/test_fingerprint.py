"""Marks that outlive a version of Tagline: what another version makes of the same data differs.

A test that fails here says that every dataset would be packed or trained anew, or its rows packed
in another order. Where that is meant, FORMAT or PACKING has to rise along with the mark.
"""

from pathlib import Path

import pytest

from tagline.formats import image_index
from tagline.formats.image_index import image_digest
from tagline.formats.outcomes import Latest, Outcome
from tagline.formats.rows import PlannedRow, Side
from tagline.formats.settings import Settings
from tagline.planning import fingerprint as fingerprints
from tagline.planning.fingerprint import compare, fingerprint
from tagline.planning.sharding import packing_rank
from tagline.settings import load_settings
from tagline.split.sides import content_hash
from tests.unit.documents import OTHER

ROOT = Path(__file__).parents[2]
NAMES = ["a", "b", "c"]
PACKING = "2, opencv 4.14.0.94, pillow 13.0.0, pyspng 0.1.4, simplejpeg 1.9.0"
EVERYTHING = """
    source: s3://pictures/site
    on_conflict: last_wins
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
def test_the_fingerprint_of_a_dataset(
    text: str, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprints, "PACKING", PACKING)
    assert fingerprint(NAMES, load_settings(text), ROWS) == mark


@pytest.mark.parametrize(("name", "value"), [("PACKING", "1, a decoder 2.4"), ("FORMAT", 1)])
def test_another_way_of_planning_or_packing_is_another_dataset(
    name: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprint(NAMES, Settings(), ROWS)
    monkeypatch.setattr(fingerprints, name, value)
    assert fingerprint(NAMES, Settings(), ROWS) != before


@pytest.mark.parametrize(
    ("latest", "unchanged", "reason"),
    [
        (None, False, "the dataset has no finished run yet"),
        ("abc", True, f"list, labels, settings and images are those of run {OTHER} (Promoted)"),
        ("abd", False, f"the list, labels, settings or images changed since run {OTHER}"),
    ],
)
def test_a_dataset_is_unchanged_where_the_newest_judged_run_had_the_same(
    latest: str | None, unchanged: bool, reason: str
) -> None:
    judged = latest and [Latest(run=OTHER, fingerprint=latest, outcome=Outcome.PROMOTED)]
    assert compare("abc", judged or []) == (unchanged, reason)


def test_packing_names_the_decoders_of_the_container() -> None:
    number, *decoders = image_index.PACKING.split(", ")
    assert number == "3"
    lock = (ROOT / "containers/im2rec/requirements.txt").read_text(encoding="ascii")
    pinned = [decoder.replace(" ", "==") for decoder in decoders]
    pinned[0] = pinned[0].replace("opencv", "opencv-python-headless")
    assert set(pinned) <= set(lock.replace("\\", "").split())
    assert len(pinned) == 4


def test_the_digest_of_an_image() -> None:
    assert image_digest("data", "demo/ü.png", "e1") == "5f4bc91c3dad40df8d966432fefb0eee"


@pytest.mark.parametrize(
    ("row_id", "seed", "rank"),
    [
        (7, 0, 16917547143890386398),
        (7, 1, 13971389637036360266),
        (8, 0, 11156479946887434398),
        (2**64 - 1, 0, 9762699290863007881),
    ],
)
def test_the_packing_order(row_id: int, seed: int, rank: int) -> None:
    assert packing_rank(row_id, seed) == (rank, row_id)


@pytest.mark.parametrize(
    ("etag", "seed", "number"),
    [
        ("9a0364b9e99bb480dd25e1f0284c8555", 0, 13249204079219880819),
        ("9a0364b9e99bb480dd25e1f0284c8555-2", 3, 7620011452236987772),
    ],
)
def test_the_hash_that_decides_an_images_side(etag: str, seed: int, number: int) -> None:
    assert content_hash(etag, seed) == number


def test_a_threshold_makes_no_other_model() -> None:
    with_one = load_settings("thresholds: {cat: 0.4}")
    assert fingerprint(NAMES, with_one, ROWS) == fingerprint(NAMES, load_settings(""), ROWS)


def test_what_the_reject_option_asks_for_is_another_evaluation() -> None:
    marks = [
        fingerprint(NAMES, load_settings(text), ROWS)
        for text in ("", "reject_option: {accuracy: 0.95}", "reject_option: {accuracy: 0.9}")
    ]
    assert marks[0] == marks[1] != marks[2]


def test_another_share_of_test_images_is_another_dataset() -> None:
    marks = {
        fingerprint(NAMES, load_settings(text), ROWS)
        for text in ("", "split: {test: 0.1}", "split: {test: 0.2}", "split: {test: 0}")
    }
    assert len(marks) == 4
