"""What PlanDataset makes of lists whose images have exactly one label each."""

from collections import Counter
from collections.abc import Iterator

import pytest

from tagline.formats.document import decode
from tagline.formats.plan import Plan
from tagline.formats.reasons import Reason, UnusableList
from tagline.formats.rows import Side
from tagline.formats.tasks import Task
from tagline.settings import InvalidSettings, load_settings
from tests.unit.ingest_world import World, world


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(monkeypatch) as made:
        yield made


def classes(demo: World, *of_each: int) -> bytes:
    """Put images into the dataset; return a list of as many of each class."""
    found = [cls for cls, count in enumerate(of_each) for _ in range(count)]
    for number, cls in enumerate(found):
        demo.image(f"{number}.png", b"picture %d of %d" % (number, cls))
    return b"".join(b"%d\t%d\timages/%d.png\n" % (at, cls, at) for at, cls in enumerate(found))


def planned(demo: World, data: bytes) -> Plan:
    demo.drop(data)
    demo.plan()
    return decode(demo.read("plan.json"), Plan, "plan.json")


def test_classes_and_one_hot_columns_are_the_same_dataset(demo: World) -> None:
    data = classes(demo, 20, 0, 11)
    plan = planned(demo, data)
    assert (plan.task, plan.labels) == (Task.SINGLE, ("label_001", "label_002", "label_003"))
    assert plan.positives == {"label_001": 20, "label_002": 0, "label_003": 11}
    one_hot = data.replace(b"\t0\t", b"\t1\t0\t0\t").replace(b"\t2\t", b"\t0\t0\t1\t")
    again = planned(demo, one_hot)
    assert (again.task, again.fingerprint) == (plan.task, plan.fingerprint)
    sides = Counter((row["labels"], row["split"]) for row in demo.lines("shards/00000.jsonl"))
    assert sides == {
        ("100", Side.TRAIN): 16,
        ("100", Side.VALIDATION): 2,
        ("100", Side.TEST): 2,
        ("001", Side.TRAIN): 9,
        ("001", Side.VALIDATION): 1,
        ("001", Side.TEST): 1,
    }


def test_what_dataset_yaml_says_goes_before_the_rows_and_makes_another_dataset(
    demo: World,
) -> None:
    data = classes(demo, 8, 8)
    one_hot = data.replace(b"\t0\t", b"\t1\t0\t", 8).replace(b"\t1\timages", b"\t0\t1\timages")
    auto = planned(demo, one_hot)
    demo.put("demo/dataset.yaml", b"task: multi\n")
    multi = planned(demo, one_hot)
    assert (auto.task, multi.task) == (Task.SINGLE, Task.MULTI)
    assert auto.fingerprint != multi.fingerprint
    assert planned(demo, data).labels == ("label_001",)  # a column of 0 and 1 is one label's
    demo.put("demo/dataset.yaml", b"task: single\n")
    assert planned(demo, data).labels == ("label_001", "label_002")
    assert planned(demo, data).task is Task.SINGLE


def test_under_task_single_rows_without_one_label_are_rejected(demo: World) -> None:
    data = classes(demo, 8, 8)
    one_hot = data.replace(b"\t0\t", b"\t1\t0\t", 8).replace(b"\t1\timages", b"\t0\t1\timages")
    rows = one_hot.splitlines(keepends=True)
    rows[3] = rows[3].replace(b"\t1\t0\t", b"\t1\t1\t")
    assert planned(demo, b"".join(rows)).task is Task.MULTI
    demo.put("demo/dataset.yaml", b"task: single\n")
    plan = planned(demo, b"".join(rows))
    assert (plan.task, plan.accepted) == (Task.SINGLE, 15)
    (reject,) = demo.lines("plan-rejects.jsonl")
    assert (reject["line"], reject["reason"]) == (4, Reason.NOT_ONE_LABEL)


def test_one_class_alone_is_refused(demo: World) -> None:
    data = classes(demo, 8)
    demo.put("demo/dataset.yaml", b"task: single\n")
    demo.put("demo/labels.txt", "cat\ndög\n".encode())
    demo.drop(data)
    with pytest.raises(UnusableList, match=r"of 1 label\(s\) \('cat' alone\)"):
        demo.plan()


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("training: {loss: asymmetric}", "training.loss"),
        ("tuning: {max_jobs: 2, ranges: {loss: [bce, asymmetric]}}", "tuning.ranges.loss"),
        ("training: {algorithm: builtin}", "training.algorithm"),
    ],
)
def test_what_single_labels_have_nothing_for_is_refused_by_name(
    demo: World, text: str, setting: str
) -> None:
    demo.put("demo/dataset.yaml", text.encode())
    demo.drop(classes(demo, 8, 8, 8))
    with pytest.raises(InvalidSettings, match=f"^{setting}: .*or set task: multi") as told:
        demo.plan()
    assert told.value.setting == setting
    with pytest.raises(InvalidSettings, match=f"^dataset.yaml line 2: {setting}: .* take it out$"):
        load_settings(f"task: single\n{text}")
