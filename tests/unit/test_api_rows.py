"""What the API tells of a list's rows, with and without the counts that newer runs leave."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tagline.api.bucket import DataBucket
from tagline.api.run_documents import (
    Link,
)
from tagline.formats.document import encode_record
from tagline.formats.reasons import Reason
from tagline.formats.rows import FIRST_REJECTS, Reject, count_rejects
from tests.unit import run_documents
from tests.unit.api_world import DATASET, World, api_world, event, get, problem

RUN = f"{DATASET}-00000000000000aa"
FOLDER = f"{DATASET}/runs/{RUN}"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with api_world(monkeypatch) as made:
        yield made


def reject(line: int, reason: Reason = Reason.BAD_ID, path: str = "a.png") -> Reject:
    return Reject(line=line, id=line, path=path, reason=reason, detail="so it is")


def put_rejects(world: World, rejects: list[Reject], name: str = "rejects.jsonl") -> None:
    world.put(f"{FOLDER}/{name}", b"".join(map(encode_record, rejects)))


def asked(**query: str) -> Any:
    return get(event("rows", queryStringParameters=query)).json


def test_rejects_are_counted_with_the_first_of_each() -> None:
    rejects = [reject(n, Reason.MISSING_OBJECT, "x" * 9000) for n in range(1, 10)]
    found = count_rejects([reject(77), *rejects])
    assert list(found) == [Reason.MISSING_OBJECT, Reason.BAD_ID]
    assert found[Reason.MISSING_OBJECT].count == 9
    assert [row.line for row in found[Reason.MISSING_OBJECT].first] == [1, 2, 3]
    assert len(found[Reason.MISSING_OBJECT].first[0].path or "") == 200
    assert len(found[Reason.BAD_ID].first) < FIRST_REJECTS


def test_packed_rows_are_told_as_packing_counted_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reasons = msgspec.to_builtins(count_rejects([reject(5), reject(9)]))
    packed = run_documents.packed_dataset(run=RUN, reasons=reasons)
    world.put(f"{FOLDER}/plan.json", run_documents.plan(run=RUN, dataset=DATASET))
    world.put(f"{FOLDER}/dataset.json", packed)
    put_rejects(world, [reject(5), reject(9)])
    doubt = {"label": "red", "given": False, "score": 0.99}
    suspect = {"line": 3, "id": 3, "path": "c.png", "split": "test", "doubt": 0.9}
    lines = [json.dumps(suspect | {"labels": [doubt]})] * 30
    world.put(f"{FOLDER}/suspects.jsonl", "\n".join(lines).encode() + b"\n")
    found = asked()
    assert (found["run"], found["stage"], found["complete"]) == (RUN, "packed", True)
    assert [(row["reason"], row["count"]) for row in found["rejected"]] == [("bad_id", 2)]
    assert found["rejected"][0]["first"][0] == {
        "line": 5, "id": 5, "path": "a.png", "detail": "so it is",
    }  # fmt: skip
    assert "integer" in found["rejected"][0]["meaning"]
    assert found["labels"][0] == {
        "label": "circle", "images": 9, "train": 7, "validation": 2, "test": 0,
    }  # fmt: skip
    assert len(found["suspects"]) == 20
    assert found["suspects"][0]["labels"] == [doubt]
    assert found["suspects_file"]["s3_uri"].endswith("/suspects.jsonl")
    assert found["rejects_file"]["url"].startswith("https://")
    etag = get(event("rows")).headers["ETag"]
    link = DataBucket.link

    def later(bucket: DataBucket, key: str, media_type: str) -> Link | None:
        made = link(bucket, key, media_type)
        return made and msgspec.structs.replace(made, url="https://later")

    monkeypatch.setattr(DataBucket, "link", later)
    signed_later = get(event("rows"))
    assert signed_later.json["rejects_file"]["url"] == "https://later"
    assert signed_later.headers["ETag"] == etag


def test_a_run_that_has_not_packed_yet_tells_its_plan(world: World) -> None:
    reasons = msgspec.to_builtins(count_rejects([reject(5), reject(6)]))
    plan = run_documents.plan(run=RUN, dataset=DATASET, reasons=reasons)
    world.put(f"{FOLDER}/plan.json", plan)
    found = asked()
    assert found["stage"] == "planned"
    assert found["counts"]["rows"] == 40
    assert found["rejected"][0]["count"] == 2
    assert found["labels"][0]["train"] is None


def test_files_of_older_runs_are_counted_as_far_as_they_are_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put(f"{FOLDER}/dataset.json", run_documents.packed_dataset(run=RUN))
    world.put(f"{FOLDER}/plan.json", run_documents.plan(run=RUN, dataset=DATASET))
    put_rejects(world, [reject(number) for number in range(100)])
    whole = asked()
    assert (whole["rejected"][0]["count"], whole["complete"]) == (100, True)
    monkeypatch.setattr("tagline.api.rows._READ", 1000)
    part = asked()
    assert 0 < part["rejected"][0]["count"] < 100
    assert part["complete"] is False


def test_a_list_of_no_use_tells_why(world: World) -> None:
    put_rejects(world, [reject(1)])
    found = asked()
    assert (found["stage"], found["counts"], found["labels"]) == ("refused", None, [])
    assert found["rejected"][0]["count"] == 1


def test_the_newest_run_that_has_read_its_list_is_told_of(world: World) -> None:
    world.put(f"{DATASET}/lists/a.lst", b"")
    assert asked()["run"] is None
    world.put(f"{DATASET}/runs/{DATASET}-00000000000000bb/notes.txt", b"")
    put_rejects(world, [reject(1)])
    assert asked()["run"] == RUN
    assert asked(run=RUN)["run"] == RUN


@pytest.mark.parametrize(
    ("run", "status"),
    [("x", 400), ("zoo-0123456789abcdef", 404), (f"{DATASET}-0000000000000000", 404)],
)
def test_runs_that_are_not_there(world: World, run: str, status: int) -> None:
    world.crown()
    assert problem(get(event("rows", queryStringParameters={"run": run})))[0] == status
