"""Other tools' exports, made here in their forms, and what is wrong with them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tagline.converting.entries import Asked, Unconvertible
from tagline.converting.paths import Paths
from tests.unit.converting import converted, made, rejects, written

PLAIN = {"a.png": {"cat", "black"}, "b.png": {"dog"}, "c.png": set[str]()}


def coco(**changed: Any) -> dict[str, Any]:
    box = {"bbox": [1.0, 2.0, 3.5, 4.5], "area": 15.75, "iscrowd": 0,
           "segmentation": [[1, 2, 3, 4, 5, 6]]}  # fmt: skip
    whole: dict[str, Any] = {
        "info": {"year": "2026", "contributor": ']}{[ "quoted" \\'},
        "licenses": [{"id": 1, "name": "CC", "url": ""}],
        "images": [
            {"id": 10, "width": 640, "height": 480, "file_name": "a.png", "license": 1},
            {"id": 11, "width": 640, "height": 480, "file_name": "b.png"},
            {"id": 12, "width": 640, "height": 480, "file_name": "c.png"},
        ],
        "annotations": [
            {"id": 1, "image_id": 11, "category_id": 3, **box},
            {"id": 2, "image_id": 10, "category_id": 1, **box},
            {"id": 3, "image_id": 10, "category_id": 2, **box},
            {"id": 4, "image_id": 10, "category_id": 1, **box},
        ],
        "categories": [
            {"id": 1, "name": "cat", "supercategory": "animal"},
            {"id": 2, "name": "black", "supercategory": "colour"},
            {"id": 3, "name": "dog", "supercategory": "animal"},
            {"id": 4, "name": "fish", "supercategory": "animal"},
        ],
    }
    return whole | changed


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("order", [list, reversed])
def test_coco_whatever_its_order(indent: int | None, order: Any, tmp_path: Path) -> None:
    whole = dict(order(list(coco().items())))
    source = written(tmp_path / "instances_default.json", json.dumps(whole, indent=indent))
    report, outputs = made(source)
    assert outputs.main.name == "instances_default.lst"
    assert converted(source) == PLAIN
    assert list(report.tags.items()) == [("cat", 1), ("black", 1), ("dog", 1), ("fish", 0)]


def test_what_is_wrong_in_coco_is_told_by_its_place(tmp_path: Path) -> None:
    whole = coco()
    whole["annotations"] += [{"image_id": 99, "category_id": 1}, {"image_id": 10, "category_id": 9}]
    whole["images"] += [{"id": 13}, {"id": 10, "file_name": "twin.png"}]
    _, outputs = made(written(tmp_path / "s.json", json.dumps(whole)), tolerance=0.9)
    details = {told["why"]: told["detail"] for told in rejects(outputs)}
    assert details == {
        "bad_element": "images[4]: another entry has the same id",
        "unknown_image": "annotations[4] is of the image 99, which is not among the images",
        "unknown_label": "annotations[5] has the category 9, which is not among the categories",
    }
    assert any("images[3]: Object missing required field `file_name`" in told["detail"]
               for told in rejects(outputs))  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text[:-2], "the file ends early"),
        (lambda text: text.replace('"images": [', '"images": [7, '), "behind entry 0 of 'images'"),
        (lambda text: text.replace("]}", "}]"), "a bracket closes that was never opened"),
        (lambda text: text.replace('"dog"', '"dog'), "no sound JSON"),
        (lambda text: '{"version": "4", "flags": {}}', "JSON of no form that is known"),
        (lambda text: '{"images": [], "annotations": [], "categories": []}', "nothing in it"),
    ],
)
def test_damaged_coco(change: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(Unconvertible) as refused:
        made(written(tmp_path / "s.json", change(json.dumps(coco()))))
    assert said in str(refused.value)


def test_roboflows_folders_with_coco_inside(tmp_path: Path) -> None:
    for part in ("train", "valid", "test"):
        written(tmp_path / f"rf/{part}/_annotations.coco.json", json.dumps(coco()))
    rows = converted(tmp_path / "rf")
    assert rows == {f"{p}/{k}": v for p in ("test", "train", "valid") for k, v in PLAIN.items()}


def test_roboflows_multi_label_classes(tmp_path: Path) -> None:
    text = "filename, black, cat, dog\na.png, 1, 1, 0\nb.png, 0, 0, 1\nc.png, 0, 0, 0\n"
    for part in ("train", "valid"):
        written(tmp_path / f"rf/{part}/_classes.csv", text)
    report, _ = made(tmp_path / "rf")
    assert converted(tmp_path / "rf")["valid/a.png"] == {"black", "cat"}
    assert report.guessed["Files"] == "train/_classes.csv, valid/_classes.csv"
    assert sum("not taken over" in note for note in report.notes) == 1
    assert report.format == "csv"
    assert converted(tmp_path / "rf/train/_classes.csv") == PLAIN


def task(image: str, *results: dict[str, Any], **more: Any) -> dict[str, Any]:
    made_by = {"id": 1, "was_cancelled": False, "result": list(results), "completed_by": 1}
    return {"id": 1, "data": {"image": image}, "annotations": [made_by | more]}


def choice(*names: str) -> dict[str, Any]:
    return {"type": "choices", "from_name": "kind", "value": {"choices": list(names)}}


def box(*names: str) -> dict[str, Any]:
    value = {"x": 1.5, "y": 2.0, "width": 3, "height": 4, "rectanglelabels": list(names)}
    return {"type": "rectanglelabels", "from_name": "box", "value": value}


def test_label_studio(tmp_path: Path) -> None:
    tasks = [
        task("/data/upload/1/ab-a.png", choice("cat", "black"), box("cat")),
        task("/data/local-files/?d=sets%2Fone/b.png", box("dog"), box("cat")),
        task("s3://bucket/x/c.png", choice("dog")),
        task("/data/upload/1/d.png"),
        task("/data/upload/1/e.png", choice("cat"), was_cancelled=True),
        {"id": 6, "data": {"image": "/data/upload/1/f.png"}, "annotations": []},
        {"id": 7, "data": {"text": "no image"}, "annotations": []},
        task("https://example.org/g.png", choice("cat")),
    ]
    source = written(tmp_path / "project-1.json", json.dumps(tasks))
    asked = Asked(paths=Paths(source="s3://bucket/x"))
    _, outputs = made(source, asked)
    assert converted(source, asked=asked) == {
        "upload/1/ab-a.png": {"cat", "black"},
        "sets/one/b.png": {"cat", "dog"},
        "c.png": {"dog"},
        "upload/1/d.png": set(),
    }
    assert [(told["line"], told["why"]) for told in rejects(outputs)] == [
        (5, "not_annotated"), (6, "not_annotated"), (7, "no_path"), (8, "web_address"),
    ]  # fmt: skip
    only = converted(source, asked=Asked(tags_columns=("kind",), paths=asked.paths))
    assert only["sets/one/b.png"] == set()


def test_label_studio_min(tmp_path: Path) -> None:
    told = [
        {"image": "/data/upload/a.png", "id": 1, "choice": "cat", "annotator": 1, "lead_time": 2.5},
        {"image": "/data/upload/b.png", "id": 2, "choice": {"choices": ["cat", "dog"]}},
        {"image": "/data/upload/c.png", "id": 3, "label": [{"x": 1, "rectanglelabels": ["dog"]}]},
    ]
    rows = converted(written(tmp_path / "s.json", json.dumps(told)))
    assert rows == {
        "upload/a.png": {"cat"}, "upload/b.png": {"cat", "dog"}, "upload/c.png": {"dog"}
    }  # fmt: skip


@pytest.mark.parametrize("text", ["[1, 2]", "[[[]]]", "[{}", "[{]", '["a"]'])
def test_damaged_label_studio(text: str, tmp_path: Path) -> None:
    with pytest.raises(Unconvertible):
        made(written(tmp_path / "s.json", text))


CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version>
 <meta><task><name>designs</name><labels>
  <label><name>cat</name><attributes><attribute><name>age</name></attribute></attributes></label>
  <label><name>black</name></label><label><name>dog</name></label>
 </labels></task></meta>
 <image id="0" name="a.png" width="64" height="64">
  <tag label="cat" source="manual"><attribute name="age">3</attribute></tag>
  <box label="black" xtl="1.0" ytl="2.0" xbr="3.0" ybr="4.0"></box></image>
 <image id="1" name="b.png" width="64" height="64">
  <polygon label="dog" points="1.0,2.0;3.0,4.0;5.0,6.0"/></image>
 <image id="2" name="c.png" width="64" height="64"></image>
</annotations>
"""


def test_cvat(tmp_path: Path) -> None:
    source = written(tmp_path / "job" / "annotations.xml", CVAT)
    report, outputs = made(source)
    assert outputs.main.name == "job.lst"
    assert converted(source) == PLAIN
    assert list(report.tags) == ["cat", "black", "dog"]
    assert converted(tmp_path / "job", folder=tmp_path / "out") == PLAIN


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text[:-30], "no sound XML"),
        (lambda text: text.replace("?>", '?><!DOCTYPE a [<!ENTITY x "y">]>'), "a document type"),
        (
            lambda text: text.replace("?>", '?><!DOCTYPE a SYSTEM "file:///etc/passwd">'),
            "a document type",
        ),
        (lambda text: text.replace("annotations>", "annotation>"), "Pascal VOC"),
        (
            lambda text: text.replace("<image", '<track id="0" label="cat"></track><image', 1),
            "a video's tracks",
        ),
        (lambda text: text.replace("</task>", "<a>" * 99 + "</a>" * 99 + "</task>"), "64 deep"),
        (lambda text: "<?xml version='1.0'?><svg/>", "begins with <annotations>"),
    ],
)
def test_hostile_and_damaged_xml(change: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(Unconvertible) as refused:
        made(written(tmp_path / "annotations.xml", change(CVAT)))
    assert said in str(refused.value)


def truth(path: str, value: Any, **more: Any) -> str:
    metadata = {
        "class-map": {"0": "cat", "1": "black", "2": "dog"},
        "type": "groundtruth/image-classification-multilabel",
        "human-annotated": "yes",
        "confidence-map": {"0": 0.9},
    }
    told = {"source-ref": path, "kinds": value, "kinds-metadata": metadata | more}
    return json.dumps(told) + "\n"


def test_ground_truth(tmp_path: Path) -> None:
    boxes = {"annotations": [{"class_id": 2, "left": 1}], "image_size": [{"width": 9}]}
    lines = [
        truth("s3://bucket/in/a.png", [0, 1]),
        truth("s3://bucket/in/b.png", boxes),
        truth("s3://bucket/in/c.png", []),
        truth("s3://bucket/in/d.png", 1, **{"class-name": "black"}),
        truth("s3://other/e.png", [2]),
        truth("s3://bucket/in/f.png", [0], **{"failure-reason": "ClientError: no annotations"}),
        truth("s3://bucket/in/g.png", [7]),
        '{"source-ref": "s3://bucket/in/h.png"}\n',
        '{"source": "a text", "kinds": 1}\n',
        "{broken\n",
    ]
    source = written(tmp_path / "output.manifest", "".join(lines))
    asked = Asked(paths=Paths(source="s3://bucket/in/"))
    _, outputs = made(source, asked)
    assert converted(source, asked=asked) == PLAIN | {
        "d.png": {"black"}, "s3://other/e.png": {"dog"}
    }  # fmt: skip
    assert [(told["line"], told["why"]) for told in rejects(outputs)] == [
        (6, "not_annotated"), (7, "unknown_label"), (8, "not_annotated"), (9, "no_path"),
        (10, "bad_element"),
    ]  # fmt: skip


def test_a_manifest_that_is_not_the_output_or_of_several_jobs(tmp_path: Path) -> None:
    source = written(tmp_path / "in.manifest", '{"source-ref": "s3://bucket/a.png"}\n' * 3)
    with pytest.raises(Unconvertible, match="goes into a labelling job, not its output"):
        made(source)
    two = truth("s3://bucket/a.png", [0]).replace("}}\n", '}, "x": 1, "x-metadata": {}}\n')
    with pytest.raises(Unconvertible, match="labels of several jobs: kinds, x; say which"):
        made(written(source, two))
    assert converted(source, asked=Asked(tags_columns=("kinds",))) == {"s3://bucket/a.png": {"cat"}}


def test_a_folder_per_class(tmp_path: Path) -> None:
    for path in (
        "cat/a.png",
        "cat/deep/b.JPG",
        "dog/c.webp",
        "dog/.DS_Store",
        "d.png",
        "dog/n.gif",
    ):
        written(tmp_path / "set" / path, b"")
    report, outputs = made(tmp_path / "set")
    assert converted(tmp_path / "set") == {
        "cat/a.png": {"cat"}, "cat/deep/b.JPG": {"cat"}, "dog/c.webp": {"dog"}
    }  # fmt: skip
    assert {(told["path"], told["why"]) for told in rejects(outputs)} == {
        ("d.png", "not_annotated"), ("dog/n.gif", "not_an_image")
    }  # fmt: skip
    assert report.format == "folders"


def test_a_folder_per_class_below_train_and_test(tmp_path: Path) -> None:
    for path in ("train/cat/a.png", "train/dog/b.png", "test/cat/c.png"):
        written(tmp_path / "set" / path, b"")
    assert converted(tmp_path / "set") == {
        "train/cat/a.png": {"cat"}, "train/dog/b.png": {"dog"}, "test/cat/c.png": {"cat"}
    }  # fmt: skip


def test_sidecars_of_many_tools(tmp_path: Path) -> None:
    sidecars: dict[str, Any] = {
        "a.txt": "cat, black",
        "b.png.txt": "cat\nblack\n",
        "c.json": ["cat", "black"],
        "d.json": {"tags": [{"label": "cat", "score": 0.9}, {"label": "black", "score": 0.8}]},
        "e.png.tags.json": {"tags": [{"label": "cat"}, {"label": "black"}]},
        "f.json": {"shapes": [{"label": "cat", "points": []}, {"label": "black"}]},
        "g.txt": "",
        "h.txt": "0 0.5 0.5 0.2 0.2\n1 0.1 0.1 0.3 0.3",
        "i.json": {"nothing": 1},
    }
    for name, text in sidecars.items():
        told = text if isinstance(text, str) else json.dumps(text)
        written(tmp_path / "set" / name, told)
        written(tmp_path / "set" / f"{name[0]}.png", b"")
    written(tmp_path / "set/z.png", b"")
    written(tmp_path / "set/README.txt", "about")
    _, outputs = made(tmp_path / "set")
    both = {f"{name}.png": {"cat", "black"} for name in "abcdef"}
    assert converted(tmp_path / "set") == both | {"g.png": set()}
    told_of = {each["path"]: (each["why"], each["detail"]) for each in rejects(outputs)}
    assert told_of["h.png"][0] == "bad_value"
    assert "YOLO" in told_of["h.png"][1]
    assert "none of the keys" in told_of["i.png"][1]
    assert told_of["z.png"] == ("not_annotated", "there is no z.txt or z.json beside it")
    assert told_of["README.txt"][0] == "not_an_image"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], "it is empty"),
        (["notes.md"], "it holds notes.md"),
        (["a.png", "b.png"], "nothing that tells their tags"),
    ],
)
def test_folders_of_which_nothing_can_be_made(files: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    for name in files:
        written(tmp_path / "set" / name, b"")
    with pytest.raises(Unconvertible, match=said):
        made(tmp_path / "set")
