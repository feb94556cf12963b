"""split.txt: what plans remember of the split, and how two of them at once get along."""

from collections.abc import Iterator

import pytest

from tagline.aws.s3 import Bucket
from tagline.formats.document import NewerFormat
from tagline.formats.keys import DatasetKeys
from tagline.formats.rows import Side
from tagline.formats.settings import Split
from tagline.split.memory import SplitFile, SplitMemory, SplitOvertaken, UnreadableSplit
from tests.unit.ingest_world import BUCKET, World, world

SETTINGS = Split()


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(monkeypatch) as made:
        yield made


def split_file(demo: World, settings: Split = SETTINGS) -> SplitFile:
    return SplitFile(Bucket(demo.s3, BUCKET), DatasetKeys("demo"), settings)


def sides(demo: World) -> dict[str, str]:
    """Return the planned side of each image's key."""
    return {row["key"]: row["split"] for row in demo.lines("shards/00000.jsonl")}


def test_a_plan_remembers_and_the_next_one_keeps_it(demo: World) -> None:
    data = demo.fill(60)
    rows = data.splitlines(keepends=True)
    demo.drop(b"".join(rows[:25]))
    demo.plan()
    before = sides(demo)
    demo.drop(b"".join(reversed(rows)))
    demo.plan()
    after = sides(demo)
    assert len(after) == 60
    assert {key: after[key] for key in before} == before
    text = demo.s3.get_object(Bucket=BUCKET, Key="demo/split.txt")["Body"].read().decode()
    head, *lines = text.splitlines()
    assert f"{head}\n".encode() == HEAD
    assert lines == sorted(lines)
    letters = [line[-1] for line in lines]
    for letter, side in (("t", "train"), ("v", "validation"), ("s", "test")):
        assert letters.count(letter) == list(after.values()).count(side) > 0


def test_a_repeated_plan_writes_nothing_new(demo: World) -> None:
    demo.drop(demo.fill(20))
    demo.plan()
    first = demo.s3.head_object(Bucket=BUCKET, Key="demo/split.txt")["VersionId"]
    demo.plan()
    assert demo.s3.head_object(Bucket=BUCKET, Key="demo/split.txt")["VersionId"] == first


def test_images_that_left_the_list_are_remembered(demo: World) -> None:
    data = demo.fill(40)
    rows = data.splitlines(keepends=True)
    demo.drop(data)
    demo.plan()
    before = sides(demo)
    demo.drop(b"".join(rows[30:]))
    demo.plan()
    demo.drop(b"".join(rows[:30]))
    demo.plan()
    after = sides(demo)
    assert {key: before[key] for key in after} == after


def test_two_plans_at_once_agree(demo: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another plan decides between this one's reading and its writing."""
    remember = SplitFile.remember
    other: list[dict[int, Side]] = []

    def overtaken(file: SplitFile, memory: SplitMemory, decided: dict[int, Side]) -> None:
        if not other:
            turned = {
                at: {Side.TRAIN: Side.VALIDATION, Side.VALIDATION: Side.TRAIN}.get(side, side)
                for at, side in decided.items()
            }
            other.append(turned)
            remember(file, memory, turned)
        remember(file, memory, decided)

    monkeypatch.setattr(SplitFile, "remember", overtaken)
    demo.drop(demo.fill(30))
    demo.plan()
    kept = split_file(demo).recall().sides
    assert kept == other[0]
    planned = list(sides(demo).values())
    assert planned.count("validation") == sum(side is Side.VALIDATION for side in kept.values())


def test_a_stale_memory_is_refused(demo: World) -> None:
    file = split_file(demo)
    empty = file.recall()
    file.remember(empty, {1: Side.TRAIN})
    with pytest.raises(SplitOvertaken):
        file.remember(empty, {2: Side.TRAIN})
    first = file.recall()
    file.remember(first, {2: Side.VALIDATION})
    with pytest.raises(SplitOvertaken):
        file.remember(first, {3: Side.TRAIN})
    demo.s3.delete_object(Bucket=BUCKET, Key="demo/split.txt")
    with pytest.raises(SplitOvertaken):
        file.remember(first, {3: Side.TRAIN})


@pytest.mark.parametrize(
    "other", [Split(seed=1), Split(validation=0.3), Split(test=0.2), Split(test=0)]
)
def test_other_settings_begin_anew(demo: World, other: Split) -> None:
    first = split_file(demo)
    first.remember(first.recall(), {1: Side.TRAIN})
    second = split_file(demo, other)
    memory = second.recall()
    assert not memory.sides
    second.remember(memory, {5: Side.VALIDATION})
    assert second.recall().sides == {5: Side.VALIDATION}


@pytest.mark.parametrize(
    "other", ["{seed: 1}", "{validation: 0.3}", "{validation: 0.3, test: 0}", "{test: 0}"]
)
def test_who_goes_back_finds_the_sides_of_before(demo: World, other: str) -> None:
    """Though the list grew meanwhile, and grows again."""
    rows = demo.fill(90).splitlines(keepends=True)

    def planned(images: int, settings: str) -> dict[str, str]:
        demo.put("demo/dataset.yaml", f"split: {settings}".encode())
        demo.drop(b"".join(rows[:images]))
        demo.plan()
        return sides(demo)

    first = planned(50, "{}")
    second = planned(70, other)
    assert [second[key] for key in first] != list(first.values())
    again = planned(80, "{}")
    assert {key: again[key] for key in first} == first
    back = planned(90, other)
    assert {key: back[key] for key in second} == second
    assert planned(90, "{}").items() >= again.items()


def test_moves_of_near_copies_are_remembered_under_their_own_settings(demo: World) -> None:
    """A run packs while the next one has been planned with another seed."""
    first, second = split_file(demo), split_file(demo, Split(seed=1))
    first.remember(first.recall(), {1: Side.TRAIN, 2: Side.TEST})
    second.remember(second.recall(), {1: Side.TEST, 9: Side.TRAIN})
    first.correct({1: Side.VALIDATION, 7: Side.TRAIN})
    assert first.recall().sides == {1: Side.VALIDATION, 2: Side.TEST}
    assert second.recall().sides == {1: Side.TEST, 9: Side.TRAIN}


def test_settings_not_used_for_long_are_forgotten_where_the_file_would_be_too_large(
    demo: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = [split_file(demo, Split(seed=seed)) for seed in range(3)]
    for file in seeds[:2]:
        file.remember(file.recall(), dict.fromkeys(range(40), Side.TRAIN))
    monkeypatch.setattr("tagline.split.memory.MAX_BYTES", 2000)
    seeds[2].remember(seeds[2].recall(), dict.fromkeys(range(40), Side.TEST))
    assert [len(file.recall().sides) for file in seeds] == [0, 40, 40]
    text = demo.s3.get_object(Bucket=BUCKET, Key="demo/split.txt")["Body"].read()
    assert [line[:12] for line in text.splitlines() if line[:1] == b"{"] == [
        b'{"format": 2',
        b'{"format": 2',
    ]


HEAD = b'{"format": 1, "seed": 0, "validation": 0.1, "test": 0.1}\n'
OLDER = b'{"format": 1, "seed": 0, "validation": 0.2}\n'


@pytest.mark.parametrize(
    "settings", [SETTINGS, Split(test=0), Split(test=0.05), Split(validation=0.1, test=0.1)]
)
def test_what_was_decided_before_there_were_test_images_is_kept(
    demo: World, settings: Split
) -> None:
    demo.put("demo/split.txt", OLDER + b"0" * 15 + b"1 t\n" + b"0" * 15 + b"2 v\n")
    file = split_file(demo, settings)
    memory = file.recall()
    assert memory.sides == {1: Side.TRAIN, 2: Side.VALIDATION}
    file.remember(memory, {3: Side.TRAIN})
    assert file.recall().sides == {**memory.sides, 3: Side.TRAIN}


@pytest.mark.parametrize("settings", [Split(validation=0.1), Split(seed=1), Split(test=0.05)])
def test_what_was_decided_under_other_settings_before_is_not(demo: World, settings: Split) -> None:
    demo.put("demo/split.txt", OLDER.replace(b"0.2", b"0.3") + b"0" * 15 + b"1 t\n")
    assert not split_file(demo, settings).recall().sides


def test_a_dataset_of_before_gets_test_images_from_validation(demo: World) -> None:
    demo.put("demo/dataset.yaml", b"split: {test: 0}")
    demo.drop(demo.fill(60))
    demo.plan()
    before = sides(demo)
    demo.s3.delete_object(Bucket=BUCKET, Key="demo/dataset.yaml")
    assert set(before.values()) == {"train", "validation"}
    demo.plan()
    after = sides(demo)
    assert {key for key, side in after.items() if side == "train"} == {
        key for key, side in before.items() if side == "train"
    }
    assert set(after.values()) == {"train", "validation", "test"}
    plan = demo.plan()
    assert sides(demo) == after
    assert (plan.train, plan.validation, plan.test) == tuple(
        list(after.values()).count(side) for side in ("train", "validation", "test")
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"no json\n", b"\xff\n", HEAD + b"x t\n", HEAD + b"0" * 16 + b" x\n", HEAD + b"{}\n"],
)
def test_a_damaged_file_is_named(demo: World, content: bytes) -> None:
    demo.put("demo/split.txt", content)
    with pytest.raises(UnreadableSplit, match=r"demo/split\.txt is damaged"):
        split_file(demo).recall()


def test_a_newer_file_is_left_alone(demo: World) -> None:
    demo.put("demo/split.txt", HEAD.replace(b"1", b"3"))
    with pytest.raises(NewerFormat, match=r"demo/split\.txt, line 1 is of format 3.*update"):
        split_file(demo).recall()
