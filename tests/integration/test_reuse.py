"""A list that shares most images with an earlier one: they are not fetched or decoded again."""

import functools
import io
import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from PIL import Image

from im2rec.errors import PackFailed
from im2rec.run.join import join_run
from im2rec.run.parts import pack_part
from im2rec.run.task import Task
from tagline.aws.s3 import Bucket
from tagline.formats import image_index
from tagline.formats.keys import DatasetKeys
from tagline.formats.plan import Plan
from tagline.planning import reuse, writing
from tagline.planning.sharding import cut
from tests.integration.packing_run import drawing
from tests.integration.reuse_bench import (
    DATA,
    DATASET,
    IMAGES,
    PICTURES,
    Bench,
    reuse_bench,
    rows,
)

RECORDS = ("training/train.rec", "validation/val.rec", "test/test.rec")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bench]:
    with reuse_bench(monkeypatch, tmp_path) as made:
        yield made


def test_a_95_percent_overlap_reads_a_tenth_of_the_source(bench: Bench) -> None:
    bench.run(rows(range(IMAGES)))
    everything = bench.source_bytes
    assert bench.source_reads == IMAGES
    shared, new = range(10, IMAGES), range(IMAGES, IMAGES + 10)
    keys, answer = bench.plan(rows(shared) + rows(new))
    answers = bench.fetch(keys)
    assert bench.source_reads == 10
    assert bench.source_bytes * 10 <= everything
    assert answer.reused == 190
    assert sum(a.reused for a in answers) == 190
    assert (sum(a.fetched for a in answers), sum(a.rejected for a in answers)) == (10, 0)
    assert sum(a.bytes for a in answers) == bench.source_bytes
    plan = json.loads(bench.read(keys.of("plan.json")))
    assert plan["reused"] == 190
    packed = bench.pack(keys)
    assert (packed["reused"], packed["fetched"], packed["rejected"]) == (190, 10, 0)
    assert packed["reused"] + packed["fetched"] == packed["accepted"] == IMAGES


def test_reused_records_are_those_that_fresh_packing_makes(bench: Bench) -> None:
    bench.run(rows(range(IMAGES)))
    changed = rows(range(20, IMAGES + 10), turn=1, first_id=5000)
    reusing, _, packed = bench.run(changed)
    assert packed["reused"] == IMAGES - 20
    bench.forget()
    afresh, answer, made = bench.run(changed)
    assert answer.reused == made["reused"] == 0
    assert [bench.read(reusing.of(name)) for name in RECORDS] == [
        bench.read(afresh.of(name)) for name in RECORDS
    ]
    assert packed["sha256"] == made["sha256"]
    assert packed["positives"] == made["positives"]


def test_what_was_reused_can_be_reused(bench: Bench) -> None:
    bench.run(rows(range(50)))
    bench.run(rows(range(60), first_id=100))
    keys, answer, packed = bench.run(rows(range(10, 60), turn=2, first_id=300))
    assert (answer.reused, packed["reused"], bench.source_reads) == (50, 50, 0)
    with tarfile.open(fileobj=io.BytesIO(bench.read(keys.shard_images("00000")))) as tar:
        assert not tar.getnames()  # nothing to decode
    assert packed["accepted"] == 50
    verdicts = [json.loads(line) for line in bench.read(keys.of("verdicts.jsonl")).splitlines()]
    assert {verdict["verdict"] for verdict in verdicts} == {"accepted"}


def test_what_an_earlier_run_lost_is_told_again(bench: Bench) -> None:
    for number, alpha in ((7, 0), (8, 255), (9, 255)):
        stream = io.BytesIO()
        Image.new("RGBA", (40, 40), (number, 99, 99, alpha)).save(stream, "PNG")
        bench.image(f"{number}.png", stream.getvalue())
    for turn in range(3):
        keys, _, packed = bench.run(rows(range(50), turn=turn, first_id=100 * turn))
        assert packed["reused"] == (50 if turn else 0)
        assert packed["lost"] == {"one_colour": 2, "transparent": 1}
        verdicts = [json.loads(line) for line in bench.read(keys.verdicts).splitlines()]
        said = {v["path"]: (v["verdict"], v["lost"]) for v in verdicts if v["detail"]}
        assert said == {
            "7.png": ("accepted", "transparent"),
            "8.png": ("accepted", "one_colour"),
            "9.png": ("accepted", "one_colour"),
        }
    bench.s3.delete_object(Bucket=DATA, Key=keys.verdicts)
    _, _, packed = bench.run(rows(range(50), turn=3, first_id=400))
    assert packed["lost"] == {"one_colour": 0, "transparent": 0}  # nobody knows any more


def white(number: int) -> bytes:
    stream = io.BytesIO()
    image = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    image.paste((255, 255, 255, 255), (number % 20, 3, 30, 9 + number // 2))
    image.save(stream, "PNG")
    return stream.getvalue() + b" " * number


def test_auto_keeps_white_artwork_and_its_colour_stays_with_the_records(bench: Bench) -> None:
    for number in range(30):
        bench.image(f"{number}.png", white(number))
    lines = rows(range(50))
    _, _, packed = bench.run(lines)
    assert packed["lost"]["one_colour"] == 30
    settings = f"source: s3://{PICTURES}/art/\nimage: {{size: 32, background: auto}}\n"
    bench.s3.put_object(Bucket=DATA, Key=f"{DATASET}/dataset.yaml", Body=settings.encode())
    first, answer, packed = bench.run(lines)
    assert (answer.reused, packed["lost"]["one_colour"]) == (0, 0)
    choice = packed["background"]
    assert choice["one_colour"]["#ffffff"] == 30
    assert choice["run"] == first.run
    assert packed["image"]["background"] == choice["colour"] != "#ffffff"
    keys, answer, again = bench.run(rows(range(60), turn=1))
    assert answer.reused == 50
    assert (again["background"], again["image"]) == (choice, packed["image"])
    assert json.loads(bench.read(keys.plan))["seen"]["run"] == first.run
    bench.forget()
    _, _, anew = bench.run(rows(range(30, 60)))
    assert anew["background"]["one_colour"]["#ffffff"] == 0
    assert anew["image"]["background"] == "#ffffff"


def test_near_copies_are_counted_whether_reused_or_fetched(bench: Bench) -> None:
    found = []
    for number in range(40, 50):
        bench.image(f"{number}.png", drawing(number - 40) + b" " * number)
    for turn in range(2):
        keys, answer, packed = bench.run(rows(range(50), turn=turn, first_id=100 * turn))
        assert answer.reused == 50 * turn
        verdicts = [json.loads(line) for line in bench.read(keys.verdicts).splitlines()]
        copies = {v["line"]: v["copy_of"] for v in verdicts if v["copy_of"]}
        groups = set(copies.values())
        near = packed["near_copies"]
        assert (near["images"], near["groups"]) == (len(copies) + len(groups), len(groups))
        assert (near["images"], near["across"]) == (20, 0)
        assert (near["moved"] > 0) == (turn == 0)
        found.append(copies)
    assert found[0] == found[1]


def test_an_image_that_changed_or_was_of_no_use_is_fetched(bench: Bench) -> None:
    bench.image("7.png", drawing(7)[:90])
    bench.run(rows(range(50)))
    bench.image("9.png", drawing(9) + b"another version")
    _, answer, packed = bench.run(rows(range(50), turn=1))
    assert bench.source_reads == 2
    assert (answer.reused, packed["reused"], packed["fetched"], packed["rejected"]) == (
        48, 48, 1, 1,
    )  # fmt: skip


def test_several_tasks_reuse_as_one_does(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "cut", functools.partial(cut, max_rows=20))
    bench.run(rows(range(50)))
    changed = rows(range(5, 60), turn=1)
    keys, _ = bench.plan(changed)
    bench.fetch(keys)
    for part in ("00000-00001", "00002-00002"):
        folder = bench.folder / part
        folder.mkdir()
        task = Task(Bucket(bench.s3, DATA), keys, folder, 1, io.StringIO())
        pack_part(task, part)
    join_run(task)
    packed = json.loads(bench.read(keys.of("dataset.json")))
    assert (packed["reused"], packed["fetched"]) == (45, 10)
    bench.forget()
    _, _, made = bench.run(changed)
    assert packed["sha256"] == made["sha256"]


@pytest.mark.parametrize("change", ["size", "packing", "no records", "no dataset", "no index"])
def test_records_made_otherwise_are_not_reused(
    bench: Bench, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, _, _ = bench.run(rows(range(30)))
    if change == "size":
        settings = f"source: s3://{PICTURES}/art/\nimage: {{size: 48}}\n"
        bench.s3.put_object(Bucket=DATA, Key=f"{DATASET}/dataset.yaml", Body=settings.encode())
    elif change == "packing":
        monkeypatch.setattr(reuse, "PACKING", "0")
    else:
        name = {"no records": RECORDS[0], "no dataset": "dataset.json", "no index": "images.jsonl"}
        bench.s3.delete_object(Bucket=DATA, Key=keys.of(name[change]))
    again, answer = bench.plan(rows(range(30), turn=1))
    assert answer.reused == 0
    bench.fetch(again)
    assert bench.source_reads == 30
    assert bench.pack(again)["reused"] == 0


def test_records_that_are_others_than_planned_end_the_packing(bench: Bench) -> None:
    first, _, _ = bench.run(rows(range(30)))
    keys, _ = bench.plan(rows(range(30), turn=1))
    bench.fetch(keys)
    key = first.of(RECORDS[0])
    body = bench.read(key)
    bench.s3.put_object(Bucket=DATA, Key=key, Body=body[:-1] + bytes([body[-1] ^ 1]))
    with pytest.raises(PackFailed, match="not those that its dataset"):
        bench.pack(keys)


@pytest.mark.parametrize("run", ["other-0123456789abcdef", "nonsense", "../../x"])
def test_records_of_another_dataset_are_not_read(bench: Bench, run: str) -> None:
    first, _, _ = bench.run(rows(range(30)))
    keys, _ = bench.plan(rows(range(30), turn=1))
    bench.fetch(keys)
    for name in RECORDS:
        body = bench.read(first.of(name))
        bench.s3.put_object(Bucket=DATA, Key=f"other/runs/{run}/{name}", Body=body)
    plan = json.loads(bench.read(keys.plan))
    plan["reuse"]["run"] = run
    bench.s3.put_object(Bucket=DATA, Key=keys.plan, Body=json.dumps(plan).encode())
    with pytest.raises(PackFailed, match=f"{run}', no run of the dataset"):
        bench.pack(keys)


def test_a_task_that_packs_otherwise_than_the_plan_says_so(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.run(rows(range(30)))
    keys, _ = bench.plan(rows(range(30), turn=1))
    bench.fetch(keys)
    monkeypatch.setattr("im2rec.run.earlier.PACKING", "0")
    with pytest.raises(PackFailed, match="updated during the run"):
        bench.pack(keys)


@pytest.mark.parametrize("name", ["images.jsonl", "rejects.jsonl"])
@pytest.mark.parametrize("content", [b'{"image": 1}\n', b"[1]\n", b"junk\n", None])
def test_what_a_run_left_damaged_is_not_used(
    bench: Bench, name: str, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    bench.image("3.png", drawing(3)[:90])
    first, _, _ = bench.run(rows(range(30)))
    if content is None:
        bench.s3.delete_object(Bucket=DATA, Key=first.of(name))
    else:
        bench.s3.put_object(Bucket=DATA, Key=first.of(name), Body=content)
    _, answer, packed = bench.run(rows(range(31)))
    assert (answer.reused, bench.source_reads, packed["accepted"]) == (0, 31, 30)
    assert f"No image of run {first.run} is reused" in caplog.text


def test_of_the_last_packed_sets_the_one_with_most_of_the_images_is_reused(bench: Bench) -> None:
    bench.run(rows(range(100)))
    bench.run(rows(range(100, 110)))
    _, answer, packed = bench.run(rows(range(105)))
    assert (answer.reused, packed["reused"], bench.source_reads) == (100, 100, 5)


def test_a_few_packed_sets_are_remembered(bench: Bench) -> None:
    runs = [bench.run(rows(range(n, n + 10)))[0].run for n in range(0, 70, 10)]
    pointer = json.loads(bench.read(DatasetKeys(DATASET).packed_run))
    assert [pointer["run"], *pointer["before"]] == runs[:1:-1]


def test_a_candidates_set_drives_no_lists_set_out(bench: Bench) -> None:
    first, _, _ = bench.run(rows(range(10)))
    keys, answer = bench.plan(rows(range(12)))
    assert answer.reused == 10
    bucket = Bucket(bench.s3, DATA)
    planned = bucket.read(keys.plan, Plan)
    bucket.write(keys.plan, replace(planned, candidate=True, tried=("training.epochs=20",)))
    bench.fetch(keys)
    assert bench.pack(keys)["reused"] == 10
    pointer = json.loads(bench.read(DatasetKeys(DATASET).packed_run))
    assert (pointer["run"], pointer["before"]) == (first.run, [])


def test_the_packing_is_named_after_the_decoders_in_use() -> None:
    root = Path(__file__).parents[2]
    pinned = dict(
        re.findall(
            r"^([\w-]+)==([\w.]+)",
            (root / "containers/im2rec/requirements.in").read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    )
    decoders = ", ".join(
        f"{name.removesuffix('-python-headless')} {pinned[name]}"
        for name in ("opencv-python-headless", "pillow", "pyspng", "simplejpeg")
    )
    assert image_index.PACKING.endswith(f", {decoders}")
