"""Marks that outlive a version of Tagline: what another version makes of the same data differs.

A test that fails here says that every dataset would be packed or trained anew, or its rows packed
in another order. Where that is meant, FORMAT or PACKING has to rise along with the mark.
"""

from pathlib import Path

import pytest

from tagline import fingerprint as fingerprints
from tagline.fingerprint import fingerprint
from tagline.imageindex import PACKING, image_digest
from tagline.settings import Settings
from tagline.sharding import packing_rank
from tagline.split import place

ROOT = Path(__file__).parents[2]
ROWS = [(7, b"01", "data", "demo/ü.png", "e1"), (2**63, b"10", "pictures", "a b.png", "e2-3")]


def marked() -> str:
    return fingerprint(["cat", "dögs"], Settings(), ROWS)


def test_the_fingerprint_of_a_dataset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprints, "PACKING", "1, a decoder 2.3")
    assert marked() == "140e0174dfea7c5be37f50974cbdf3ebec4877a562e173ca90b05015cea3a22e"


@pytest.mark.parametrize(("name", "value"), [("PACKING", "1, a decoder 2.4"), ("FORMAT", 1)])
def test_another_way_of_planning_or_packing_is_another_dataset(
    name: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = marked()
    monkeypatch.setattr(fingerprints, name, value)
    assert marked() != before


def test_packing_names_the_decoders_of_the_container() -> None:
    number, *decoders = PACKING.split(", ")
    assert number == "2"
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
    ("etag", "seed", "at"),
    [
        ("9a0364b9e99bb480dd25e1f0284c8555", 0, 13249204079219880819),
        ("9a0364b9e99bb480dd25e1f0284c8555-2", 3, 7620011452236987772),
    ],
)
def test_the_place_of_an_image_in_the_split(etag: str, seed: int, at: int) -> None:
    assert place(etag, seed) == at
