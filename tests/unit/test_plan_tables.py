"""The parts of a plan on tables: what is remembered of a split, and rows in little memory."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from im2rec.plan.contents import Contents, packed
from im2rec.plan.remembered import Decided, RememberedSplit
from im2rec.plan.sides import SIDES
from im2rec.plan.tables import Tables
from tagline.aws.s3 import Bucket
from tagline.formats.keys import DatasetKeys
from tagline.formats.rows import Side
from tagline.formats.settings import Split
from tagline.split.memory import SplitFile, UnreadableSplit
from tests.unit.ingest_world import BUCKET, World, world

KEYS = DatasetKeys("demo")
CODES = {side: code for code, side in SIDES.items()}


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(monkeypatch) as made:
        yield made


def split_txt(demo: World) -> bytes:
    return demo.s3.get_object(Bucket=BUCKET, Key=KEYS.split)["Body"].read()


def decided(sides: dict[int, Side]) -> Decided:
    hashes = sorted(sides)
    codes = [CODES[sides[at]] for at in hashes]
    return Decided(np.array(hashes, np.uint64), np.array(codes, np.uint8))


def test_a_split_is_remembered_byte_for_byte_as_a_function_does(
    demo: World, tmp_path: Path
) -> None:
    bucket, top = Bucket(demo.s3, BUCKET), 2**64 - 1
    plans = [
        (Split(), {7: Side.TRAIN, top: Side.VALIDATION, 3: Side.TEST}),
        (Split(seed=5), {7: Side.VALIDATION, 8: Side.TRAIN}),
        (Split(), {9: Side.TRAIN, 7: Side.TRAIN}),
        (Split(test=0.25), {1: Side.TRAIN}),
    ]
    written: list[list[bytes]] = []
    for _ in range(2):
        files = []
        for settings, sides in plans:
            if written:
                file = RememberedSplit(bucket, KEYS, settings, tmp_path)
                file.remember(file.recall(), decided(sides))
            else:
                plain = SplitFile(bucket, KEYS, settings)
                plain.remember(plain.recall(), sides)
            files.append(split_txt(demo))
        written.append(files)
        demo.s3.delete_object(Bucket=BUCKET, Key=KEYS.split)
    assert written[0] == written[1]


def test_a_split_that_a_person_wrote_is_read_all_the_same(demo: World, tmp_path: Path) -> None:
    bucket = Bucket(demo.s3, BUCKET)
    file = SplitFile(bucket, KEYS, Split())
    file.remember(file.recall(), {10: Side.TRAIN, 11: Side.TEST})
    text = split_txt(demo).replace(b"0a t\n", b"0A v\r\n")
    demo.put(KEYS.split, text)
    found = RememberedSplit(bucket, KEYS, Split(), tmp_path).recall()
    sides = dict(zip(found.hashes.tolist(), map(SIDES.get, found.codes.tolist()), strict=True))
    assert sides == file.recall().sides == {10: Side.VALIDATION, 11: Side.TEST}
    demo.put(KEYS.split, text.replace(b" s", b" x"))
    with pytest.raises(UnreadableSplit, match="is damaged"):
        RememberedSplit(bucket, KEYS, Split(), tmp_path).recall()


def test_the_contents_of_several_rows_have_the_labels_of_all() -> None:
    rows = [(1, b"000000001"), (1, b"100000000"), (2, b"000010000"), (2**64 - 1, b"000000000")]
    contents = Contents.of(((at, packed(labels)) for at, labels in rows), 9)
    assert contents.hashes.tolist() == [1, 2, 2**64 - 1]
    found = contents.rows(np.array([2, 0, 1]))
    assert list(found) == [b"000000000", b"100000001", b"000010000"]
    assert found[1:] == [b"100000001", b"000010000"]


def test_a_table_that_is_made_in_an_order_is_read_in_it(tmp_path: Path) -> None:
    """More rows than a row group of DuckDB's has, by more threads than one."""
    folder = tmp_path / "o'brien"
    folder.mkdir()
    tables = Tables(folder)
    assert next(tables.rows("SELECT current_setting('temp_directory')")) == (f"{folder}/spilled",)
    tables.run("SET threads = 4")
    tables.run(
        "CREATE TABLE planned AS SELECT range AS id, hash(range) AS rank FROM range(400000) "
        "ORDER BY rank, id"
    )
    ranks = [rank for _, rank in tables.rows("SELECT id, rank FROM planned")]
    assert ranks == sorted(ranks)
    assert tables.number("SELECT count(*) FROM planned WHERE rowid = 0") == 1
    tables.close()
