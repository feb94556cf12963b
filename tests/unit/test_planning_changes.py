"""What a list says of images that it, or the run packed last, has said something else of."""

import hashlib
import json
from collections.abc import Iterator

import msgspec
import pytest

from tagline.formats.document import decode, encode
from tagline.formats.feedback_keys import FeedbackKeys
from tagline.formats.merged import Merged
from tagline.formats.plan import Changes, CorrectionsIn, Plan
from tagline.planning.changes import changes_said
from tests.unit.ingest_world import World, world

EARLIER = "demo-00000000000000ff"


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(monkeypatch) as made:
        yield made


def relabelled(data: bytes, ids: range) -> bytes:
    """Return a list whose rows of these ids have all labels."""
    lines = data.splitlines(keepends=True)
    for at in ids:
        number, _, _, _, path = lines[at].split(b"\t")
        lines[at] = b"\t".join([number, b"1\t1\t1", path])
    return b"".join(lines)


def test_corrections_that_are_appended_are_counted_or_taken(demo: World) -> None:
    data = demo.fill(30)
    corrected = relabelled(data, range(30)).splitlines(keepends=True)[1:8]
    demo.drop(data + b"".join(corrected))
    demo.plan()
    plan = decode(demo.read("plan.json"), Plan, "plan.json")
    # of seven, the row with the number 6 has all labels already
    assert (plan.rejected, plan.contradicting, plan.positives["label_003"]) == (7, 6, 10)
    demo.put("demo/dataset.yaml", b"on_conflict: last_wins\n")
    demo.drop(data + b"".join(corrected))
    demo.plan()
    plan = decode(demo.read("plan.json"), Plan, "plan.json")
    assert (plan.rejected, plan.contradicting, plan.positives["label_003"]) == (7, 6, 15)
    assert {row["line"] for row in demo.lines("plan-rejects.jsonl")} == set(range(2, 9))


def test_a_setting_that_changes_no_row_is_no_new_dataset(demo: World) -> None:
    demo.drop(demo.fill(30))
    demo.plan()
    before = decode(demo.read("plan.json"), Plan, "plan.json").fingerprint
    demo.put("demo/dataset.yaml", b"on_conflict: last_wins\n")
    demo.plan()
    assert decode(demo.read("plan.json"), Plan, "plan.json").fingerprint == before


def changes(demo: World, data: bytes) -> Changes | None:
    demo.drop(data)
    demo.plan()
    return decode(demo.read("plan.json"), Plan, "plan.json").changes


def test_what_a_list_changes_is_counted_against_the_last_packed_run(demo: World) -> None:
    data = demo.fill(30)
    assert changes(demo, data) is None
    before = demo.event.run
    demo.put("demo/packed.json", json.dumps({"run": before}).encode())
    assert changes(demo, data) == Changes(run=before, relabelled=0, new=0, gone=0)
    demo.image("new.png", b"new")
    rows = relabelled(data, range(1, 6)).splitlines(keepends=True)[:27]
    more = [b"900\t1\t0\t0\timages/new.png\n"]
    assert changes(demo, b"".join(rows + more)) == Changes(run=before, relabelled=5, new=1, gone=3)


def test_columns_that_move_with_their_names_change_no_label(demo: World) -> None:
    data = demo.fill(30)
    demo.put("demo/labels.txt", b"a\nb\nc\n")
    changes(demo, data)
    before = demo.event.run
    demo.put("demo/packed.json", json.dumps({"run": before}).encode())
    swapped = [line.split(b"\t") for line in data.splitlines(keepends=True)]
    moved = b"".join(b"\t".join([row[0], row[3], row[1], row[2], row[4]]) for row in swapped)
    demo.put("demo/labels.txt", b"c\na\nb\n")
    assert changes(demo, moved) == Changes(run=before, relabelled=0, new=0, gone=0)


def test_labels_of_an_older_index_are_unknown(demo: World) -> None:
    data = demo.fill(30)
    changes(demo, data)
    before = demo.event.run
    demo.put("demo/packed.json", json.dumps({"run": before}).encode())
    lines = demo.lines("images.jsonl")
    assert len({line["labels"] for line in lines}) == 4
    older = b"".join(
        json.dumps({k: v for k, v in line.items() if k != "labels"}).encode() + b"\n"
        for line in lines
    )
    demo.put(f"demo/runs/{before}/images.jsonl", older)
    found = changes(demo, relabelled(data, range(5)))
    assert found == Changes(run=before, relabelled=None, new=0, gone=0)
    assert changes_said(found) == f"labels of before unknown, 0 new, 0 gone since run {before}"


@pytest.mark.parametrize("content", [b"junk\n", None])
def test_an_index_that_cannot_be_read_tells_no_changes(
    demo: World, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    demo.put("demo/packed.json", json.dumps({"run": EARLIER}).encode())
    if content:
        demo.put(f"demo/runs/{EARLIER}/images.jsonl", content)
    assert changes(demo, demo.fill(5)) is None
    assert f"What changed since run {EARLIER} is not known" in caplog.text


def merged(data: bytes, by: str) -> Merged:
    """Word of what merged corrections into a list of these bytes."""
    found = {
        "dataset": "demo",
        "list": {"key": "demo/lists/a.lst", "etag": "e"},
        "sha256": hashlib.sha256(data).hexdigest(),
        "by": by,
        "at": "2026-11-26T22:00:00Z",
        "through": "k",
        "corrections": 50,
        "new": 20 if by == "corrections" else 0,
        "verdicts": {"changed": 50},
        "conflicts": 0,
        "rows_changed": 40,
        "rows_added": 2,
        "labels": [],
        "rows": [],
    }
    return msgspec.convert(found, Merged)


@pytest.mark.parametrize("by", ["person", "corrections"])
def test_a_plan_tells_of_the_corrections_in_its_list(demo: World, by: str) -> None:
    new = 20 if by == "corrections" else 0
    data = demo.fill(30)
    demo.drop(data)
    demo.plan()
    assert decode(demo.read("plan.json"), Plan, "plan.json").corrections is None
    data += b"\n"
    key = FeedbackKeys("demo").merged(hashlib.sha256(data).hexdigest())
    demo.put(key, encode(merged(data, by)))
    demo.drop(data)
    answer = demo.plan()
    said = {"person": "", "corrections": "started by 20 corrections; "}[by]
    assert answer.reason.startswith(f"{said}50 corrections merged, which changed 42 rows; ")
    found = decode(demo.read("plan.json"), Plan, "plan.json").corrections
    assert found == CorrectionsIn(key=key, corrections=50, rows=42, by=by, new=new)  # type: ignore[arg-type]
    demo.put(key, b"{")
    demo.plan()
    assert decode(demo.read("plan.json"), Plan, "plan.json").corrections is None
