"""A dataset whose lists grow, with copies among the new images: from list to packed sides."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tagline.formats.keys import RunKeys
from tests.integration.reuse_bench import Bench, reuse_bench, rows
from tests.integration.test_near_copies_sides import smaller

FIRST, ADDED = 60, 12


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bench]:
    with reuse_bench(monkeypatch, tmp_path) as made:
        yield made


def sides(bench: Bench, keys: RunKeys) -> dict[str, str]:
    """Return the side that each path was packed on; images.jsonl and split.txt say the same."""
    verdicts = [json.loads(line) for line in bench.read(keys.verdicts).splitlines()]
    indexed = [json.loads(line) for line in bench.read(keys.images).splitlines()]
    by_line = {image["line"]: image["side"] for image in indexed}
    assert all(by_line[verdict["line"]] == verdict["split"] for verdict in verdicts)
    return {verdict["path"]: verdict["split"] for verdict in verdicts}


def test_copies_follow_their_originals_and_nothing_else_moves(bench: Bench) -> None:
    keys, _, packed = bench.run(rows(range(FIRST)))
    before = sides(bench, keys)
    assert {"train", "validation", "test"} == set(before.values())
    assert packed["near_copies"] == {"images": 0, "groups": 0, "across": 0, "moved": 0}
    # new pictures, of which some are copies of one image of each side
    originals = {
        side: next(path for path, its in before.items() if its == side)
        for side in ("train", "validation", "test")
    }
    added = [f"{number}.png" for number in range(FIRST, FIRST + ADDED)]
    copies = {
        path: original
        for at, original in enumerate(originals.values())
        for path in added[3 * at : 3 * at + 3]
    }
    for number, (path, original) in enumerate(copies.items()):
        bench.image(path, smaller(int(original.removesuffix(".png"))) + b" " * number)
    keys, answer, packed = bench.run(rows(range(FIRST + ADDED)))
    assert answer.reused == FIRST
    after = sides(bench, keys)
    assert {path: after[path] for path in before} == before
    assert all(after[path] == after[original] for path, original in copies.items())
    assert packed["near_copies"]["across"] == 0
    assert packed["near_copies"]["moved"] > 0
    # later plans know: nothing has to move again
    keys, answer, packed = bench.run(rows(range(FIRST + ADDED), turn=1))
    assert (answer.train, answer.validation, answer.test) == tuple(
        list(after.values()).count(side) for side in ("train", "validation", "test")
    )
    assert sides(bench, keys) == after
    assert packed["near_copies"]["moved"] == 0


def test_pictures_that_were_exported_again_stay_where_a_model_saw_them(bench: Bench) -> None:
    keys, _, _ = bench.run(rows(range(FIRST)))
    before = sides(bench, keys)
    again = {f"{FIRST + number}.png": f"{number}.png" for number in range(FIRST)}
    for path, original in again.items():
        bench.image(path, smaller(int(original.removesuffix(".png"))))
    keys, answer, packed = bench.run(rows(range(FIRST, 2 * FIRST)))
    assert answer.reused == 0
    after = sides(bench, keys)
    wrong = [
        path
        for path, original in again.items()
        if before[original] == "train" and after[path] != "train"
    ]
    assert len(wrong) <= 2  # of pictures of 32 pixels not every copy is found
    assert packed["near_copies"]["moved"] > 0


def test_a_dataset_of_before_keeps_its_training_images(bench: Bench) -> None:
    """It was split in two, with copies across; some of its validation images become test images."""
    copies = {f"{number}.png": number - 20 for number in range(40, 60)}
    settings = bench.read("designs/dataset.yaml") + b"split: {test: 0}\n"
    bench.s3.put_object(Bucket="tagline-data", Key="designs/dataset.yaml", Body=settings)
    bench.run(rows(range(FIRST)))
    known = bench.read("designs/split.txt").decode().splitlines()
    trained = {line[:16] for line in known[1:] if line.endswith("t")}
    for path, original in copies.items():
        bench.image(path, smaller(original))
    settings = settings.replace(b"split: {test: 0}\n", b"")
    bench.s3.put_object(Bucket="tagline-data", Key="designs/dataset.yaml", Body=settings)
    keys, _, packed = bench.run(rows(range(FIRST)))
    after = sides(bench, keys)
    assert {"train", "validation", "test"} == set(after.values())
    together = [after[path] == after[f"{original}.png"] for path, original in copies.items()]
    assert sum(together) >= 16  # of 20: of pictures of 32 pixels not every copy is found
    assert packed["near_copies"]["across"] == 0
    assert packed["near_copies"]["groups"] >= 14
    known = bench.read("designs/split.txt").decode().splitlines()
    assert trained <= {line[:16] for line in known[1:] if line.endswith("t")}
