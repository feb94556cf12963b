"""The API's listings and its description, from event to answer."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tagline.api.bucket import DataBucket, ObjectVersion
from tagline.formats.names import run_name
from tagline.formats.outcomes import Newest
from tests.unit.api_world import (
    BUCKET,
    DATASET,
    LABELS,
    OPENAPI,
    RUN,
    World,
    api_world,
    event,
    forget,
    get,
    metrics_document,
    tag,
)
from tests.unit.run_documents import decision, latest, packed_dataset, plan, status

COUNTS = {
    "rows": 1260,
    "accepted": 1258,
    "rejected": 2,
    "train": 1006,
    "validation": 126,
    "test": 126,
}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with api_world(monkeypatch) as made:
        yield made


def name(number: int, dataset: str = DATASET) -> str:
    return f"{dataset}-{number:016x}"


def end(world: World, run: str, outcome: str, started: str, **more: str) -> None:
    ending = {"outcome": outcome, "state": "RecordOutcome", "reason": "because"} | more
    times = {"started": started, "ended": "2026-11-20T12:00:00Z"}
    document = status(run=run, dataset=DATASET, **ending, **times)
    world.put(f"{DATASET}/runs/{run}/status.json", document)


def query(name: str, **parameters: str) -> dict[str, Any]:
    return event(name, queryStringParameters=parameters)


def test_datasets_are_listed_by_name_with_their_champions(world: World) -> None:
    world.crown()
    world.put("zoo/lists/a.lst", b"")
    world.put("not a dataset/x", b"")
    world.put("stray.txt", b"")
    assert get(event("datasets")).json == {
        "datasets": [
            {
                "dataset": DATASET,
                "champion": {
                    "run": RUN,
                    "mAP": 0.81,
                    "since": "2026-11-20T09:10:00Z",
                    "kind": "images",
                    "metric": "mAP",
                    "value": 0.81,
                },
                "problem": None,
            },
            {"dataset": "zoo", "champion": None, "problem": None},
        ],
        "next": None,
    }


DAMAGED = [b"", b"{", b"[]", b"{}", b'{"format": 9}', b'{"run": "x", "endpoint": "e"}']
damaged = pytest.mark.parametrize("body", DAMAGED)


@damaged
def test_a_damaged_champion_costs_its_dataset_alone(world: World, body: bytes) -> None:
    world.crown()
    world.put("zoo/champion.json", body)
    whole, broken = get(event("datasets")).json["datasets"]
    assert whole["champion"]["run"] == RUN
    assert broken["champion"] is None
    assert "zoo/champion.json" in broken["problem"]


@damaged
def test_a_damaged_status_costs_its_run_alone(world: World, body: bytes) -> None:
    end(world, name(1), "Promoted", "2026-11-20T10:00:00Z")
    world.put(f"{DATASET}/runs/{name(2)}/status.json", body)
    runs = {run["run"]: run for run in get(event("runs")).json["runs"]}
    assert runs[name(1)]["outcome"] == "Promoted"
    assert (runs[name(2)]["outcome"], runs[name(2)]["state"]) == (None, "Unreadable")
    assert f"{name(2)}/status.json" in runs[name(2)]["reason"]


@damaged
@pytest.mark.parametrize("file", ["metrics.json", "decision.json", "plan.json", "dataset.json"])
def test_a_damaged_part_of_a_run_is_null(world: World, body: bytes, file: str) -> None:
    end(world, RUN, "Promoted", "2026-11-20T10:00:00Z")
    world.put(f"{DATASET}/runs/{RUN}/{file}", body)
    answer = get(event("run"))
    assert answer.status == 200
    assert answer.json["outcome"] == "Promoted"


def test_no_datasets_at_all(world: World) -> None:
    assert get(event("datasets")).json == {"datasets": [], "next": None}


@pytest.mark.parametrize("limit", ["1", "2", "3", "100"])
def test_pages_of_datasets_meet_without_gap_or_overlap(world: World, limit: str) -> None:
    # names that surround "/" (0x2f) in the order of keys
    names = ["a", "a-b", "a0", "aA", "a_b", "b"]
    for dataset in names:
        world.put(f"{dataset}/labels.txt", b"")
        world.put(f"{dataset}/lists/a.lst", b"")
    seen: list[str] = []
    page = get(query("datasets", limit=limit)).json
    while True:
        seen += [row["dataset"] for row in page["datasets"]]
        assert len(page["datasets"]) <= int(limit)
        if page["next"] is None:
            break
        page = get(query("datasets", limit=limit, next=page["next"])).json
    assert sorted(seen) == sorted(names)


def test_a_dataset_shows_the_run_judged_last(world: World) -> None:
    world.crown()
    world.put(f"{DATASET}/latest.json", latest(run=name(2)))
    newest = Newest(run=name(2), started="2026-11-26T00:00:00Z", thresholds={"heart": 0.4})
    world.put(f"{DATASET}/newest.json", newest)
    world.put(f"{DATASET}/runs/{name(2)}/dataset.json", packed_dataset(**COUNTS, labels=LABELS))
    found = get(event("dataset")).json
    assert found["champion"]["run"] == RUN
    assert found["champion"]["reason"] == "the first model of the dataset"
    assert found["labels"] == LABELS
    assert found["counts"] == COUNTS
    assert found["thresholds"] == {"heart": 0.4}


def test_candidates_and_shadows_are_marked(world: World) -> None:
    shadowed = {"settings": {"endpoint": {"shadow": 0.5}}}
    made: list[tuple[dict[str, Any], bool, str | None]] = [
        ({}, False, None),
        ({"candidate": True, "tried": ["training.epochs=20"]}, True, None),
        (shadowed, False, "answering"),
        (shadowed, False, "answered"),
        (shadowed, False, None),
    ]
    for number, (more, _, shadow) in enumerate(made):
        folder = f"{DATASET}/runs/{name(number)}"
        world.put(f"{folder}/plan.json", plan(run=name(number), dataset=DATASET, **more))
        if shadow == "answering":
            world.put(f"{folder}/shadow/challenger/a.jsonl", b"{}")
        else:
            end(world, name(number), "Promoted", "2026-11-20T10:00:00Z")
        if shadow == "answered":
            world.put(f"{folder}/shadow.json", b"{}")
    found = {run["run"]: run for run in get(event("runs")).json["runs"]}
    for number, (_, candidate, shadow) in enumerate(made):
        run = found[name(number)]
        assert (run["candidate"], run["shadow"]) == (candidate, shadow), number


def test_a_dataset_with_nothing_but_a_list(world: World) -> None:
    world.put(f"{DATASET}/lists/a.lst", b"")
    nothing: dict[str, Any] = {"champion": None, "labels": [], "health": None, "counts": None}
    nothing |= {"changes_refused": None, "thresholds": {}, "kind": "images", "task": "multi"}
    assert get(event("dataset")).json == {"dataset": DATASET, **nothing}


def test_runs_come_newest_first_and_those_going_on_say_so(world: World) -> None:
    end(world, name(1), "Failed", "2026-11-18T10:00:00Z", state="Train")
    end(world, name(2), "Promoted", "2026-11-19T10:00:00Z")
    world.put(f"{DATASET}/runs/{name(3)}/plan.json", {})  # moto dates it now
    world.put(f"{DATASET}/runs/{name(4)}/plan-rejects.jsonl", b"")  # no plan yet
    world.put(f"{DATASET}/runs/notes/readme.txt", b"")
    runs = get(event("runs")).json["runs"]
    assert [row["run"] for row in runs] == [name(4), name(3), name(2), name(1)]
    assert [row["outcome"] for row in runs] == [None, None, "Promoted", "Failed"]
    assert [row["state"] for row in runs] == ["Running", "Running", "RecordOutcome", "Train"]
    assert runs[0]["started"] is None
    assert runs[1]["started"].endswith("Z")


def test_a_running_run_is_looked_at_again_and_an_ended_one_is_not(world: World) -> None:
    world.put(f"{DATASET}/runs/{name(1)}/plan.json", {})
    assert get(event("runs")).json["runs"][0]["state"] == "Running"
    end(world, name(1), "Promoted", "2026-11-20T10:00:00Z")
    assert get(event("runs")).json["runs"][0]["outcome"] == "Promoted"
    end(world, name(1), "Failed", "2026-11-20T10:00:00Z")
    assert get(event("runs")).json["runs"][0]["outcome"] == "Promoted"
    forget()
    assert get(event("runs")).json["runs"][0]["outcome"] == "Failed"


def test_pages_of_runs(world: World) -> None:
    for day in range(1, 6):
        end(world, name(day), "Unchanged", f"2026-11-0{day}T10:00:00Z")
    first = get(query("runs", limit="2")).json
    assert [row["run"] for row in first["runs"]] == [name(5), name(4)]
    end(world, name(9), "Unchanged", "2026-11-09T10:00:00Z")  # meanwhile
    second = get(query("runs", limit="2", next=first["next"])).json
    assert [row["run"] for row in second["runs"]] == [name(3), name(2)]
    third = get(query("runs", limit="2", next=second["next"])).json
    assert [row["run"] for row in third["runs"]] == [name(1)]
    assert third["next"] is None


def test_a_finished_run_in_full(world: World) -> None:
    end(world, RUN, "Promoted", "2026-11-20T10:00:00Z")
    prefix = f"{DATASET}/runs/{RUN}/"
    source = {"key": f"{DATASET}/lists/a.lst", "version_id": "v", "etag": "e", "sha256": "s"}
    world.put(f"{prefix}plan.json", plan(list=source, **COUNTS | {"rejected": 0}))
    world.put(f"{prefix}dataset.json", packed_dataset(**COUNTS))
    before = {"run": name(1), "mAP": 0.7, "micro_ap": 0.7, "baseline_map": 0.1}
    world.put(f"{prefix}metrics.json", metrics_document(champion=before))
    world.put(f"{prefix}decision.json", decision())
    for file in ("report.html", "rejects.jsonl", "verdicts.jsonl", "suspects.jsonl"):
        world.put(prefix + file, file.encode())
    found = get(event("run")).json
    assert (found["run"], found["outcome"], found["dataset"]) == (RUN, "Promoted", DATASET)
    assert found["list"] == {"key": source["key"], "version_id": "v", "etag": "e"}
    assert found["counts"] == COUNTS
    assert found["metrics"]["mAP"] == 0.81
    of_one_label = dict.fromkeys(("macro_recall", "top1", "top5"))
    assert found["metrics"]["champion"] == before | of_one_label
    maps = {"challenger_map": 0.91, "champion_map": 0.85, "metric": "mAP"}
    maps |= {"challenger_value": None, "champion_value": None}  # of a run of an older version
    assert found["decision"] == {"promote": True, "reason": "better", **maps}
    kept = ("rejects", "verdicts", "suspects")
    assert found["report"]["s3_uri"] == f"s3://{BUCKET}/{prefix}report.html"
    for link, media_type in {"report": "html", **dict.fromkeys(kept, "plain")}.items():
        signed = parse_qs(urlsplit(found[link]["url"]).query)
        assert signed["X-Amz-Expires"] == ["900"]
        assert signed["response-content-type"] == [f"text/{media_type}; charset=utf-8"]


def test_a_run_that_has_only_begun(world: World) -> None:
    world.put(f"{DATASET}/runs/{RUN}/plan-rejects.jsonl", b"")
    found = get(event("run")).json
    known = {
        "run": RUN,
        "dataset": DATASET,
        "state": "Running",
        "candidate": False,
        "metric": "mAP",
    }
    assert {key: value for key, value in found.items() if value is not None} == known


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (event("dataset"), "unknown_dataset"),
        (event("runs"), "unknown_dataset"),
        (event("run"), "unknown_run"),
        (event("dataset", dataset="no/such"), "unknown_dataset"),
        (event("run", run="no-such"), "unknown_run"),
        (event("run", dataset="other"), "unknown_run"),
        (event("run", run=f"{RUN}/../x"), "unknown_run"),
    ],
)
def test_what_does_not_exist(world: World, sent: dict[str, Any], code: str) -> None:
    reply = get(sent)
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert (reply.status, reply.json["code"]) == (404, code)


@pytest.mark.parametrize(
    ("route", "parameters"),
    [
        ("datasets", {"limit": "0"}),
        ("datasets", {"limit": "101"}),
        ("datasets", {"limit": "ten"}),
        ("datasets", {"next": "../x"}),
        ("datasets", {"page": "2"}),
        ("runs", {"next": DATASET}),
    ],
)
def test_bad_pages(world: World, route: str, parameters: dict[str, str]) -> None:
    world.put(f"{DATASET}/lists/a.lst", b"")
    assert get(query(route, **parameters)).status == 400


def test_a_page_after_a_run_that_is_not_there(world: World) -> None:
    world.put(f"{DATASET}/lists/a.lst", b"")
    assert get(query("runs", next=name(7))).status == 404


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff\xfe", b'"' + b"x" * 8_388_608 + b'"'])
def test_a_document_that_is_none_is_a_fault_of_ours(world: World, content: bytes) -> None:
    world.put(f"{DATASET}/champion.json", content)
    assert get(event("dataset")).status == 500


def test_the_description_is_served_as_it_is_written(world: World) -> None:
    reply = get(event("openapi"))
    assert reply.json == OPENAPI
    assert reply.json["openapi"].startswith("3.1")


def drop(world: World, number: int) -> ObjectVersion:
    """Drop a list."""
    key = f"{DATASET}/lists/{number}.lst"
    answer = world.s3.put_object(Bucket=BUCKET, Key=key, Body=b"%d" % number)
    return ObjectVersion(key, answer.get("VersionId", ""), answer["ETag"], datetime.now(UTC))


def run_of(version: ObjectVersion) -> str:
    return run_name(BUCKET, version.key, version.version_id, version.etag)


def iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def statuses_read(world: World, monkeypatch: pytest.MonkeyPatch, **parameters: str) -> list[str]:
    """Ask for a page of runs; return the runs whose status was read."""
    read: list[str] = []
    plain = world.s3.get_object

    def get_object(**asked: Any) -> Any:
        if asked["Key"].endswith("/status.json"):
            read.append(asked["Key"].split("/")[2])
        return plain(**asked)

    forget()
    with monkeypatch.context() as patch:
        patch.setattr(world.s3, "get_object", get_object)
        assert get(query("runs", **parameters)).status == 200
    return read


def test_every_version_of_a_list_is_known(world: World) -> None:
    world.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    dropped = [drop(world, 1), drop(world, 1), drop(world, 2)]
    world.s3.delete_object(Bucket=BUCKET, Key=dropped[0].key)
    world.put(f"{DATASET}/lists.txt", b"")
    bucket = DataBucket(world.s3, BUCKET)
    found = list(bucket.versions(f"{DATASET}/lists/"))
    assert {run_of(version) for version in found} == {run_of(version) for version in dropped}
    assert all(abs((version.written - dropped[0].written).total_seconds()) < 600
               for version in found)  # fmt: skip


def test_a_page_of_runs_reads_a_page_of_statuses(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped = [drop(world, number) for number in range(30)]
    now = datetime.now(UTC)
    dropped = [v._replace(written=now - timedelta(minutes=n)) for n, v in enumerate(dropped)]
    monkeypatch.setattr(DataBucket, "versions", lambda _self, _prefix: iter(dropped))
    for version in dropped:
        end(world, run_of(version), "Unchanged", iso(version.written))
    order = [run_of(version) for version in dropped]
    assert [row["run"] for row in get(query("runs", limit="100")).json["runs"]] == order
    assert statuses_read(world, monkeypatch, limit="1") == order[:1]
    third = statuses_read(world, monkeypatch, limit="3", next=order[10])
    assert sorted(third) == sorted(order[11:14])
    end(world, name(1), "Promoted", "2020-09-01T00:00:00Z")  # its list is not kept any more
    assert statuses_read(world, monkeypatch, limit="1") == order[:1]
    assert get(query("runs", limit="100")).json["runs"][-1]["run"] == name(1)


def test_runs_whose_lists_have_gone_keep_their_place(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    new, old = drop(world, 1), drop(world, 2)._replace(written=now - timedelta(days=100))
    monkeypatch.setattr(DataBucket, "versions", lambda _self, _prefix: iter([old, new]))
    end(world, run_of(new), "Promoted", iso(now))
    end(world, run_of(old), "Promoted", iso(old.written))
    end(world, name(1), "Promoted", iso(now - timedelta(days=50)))
    end(world, name(2), "Promoted", iso(now - timedelta(days=200)))
    runs = get(event("runs")).json["runs"]
    assert [row["run"] for row in runs] == [run_of(new), name(1), run_of(old), name(2)]


def test_a_dataset_without_a_champion_reads_its_newest_runs_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    dropped = [drop(world, n)._replace(written=now - timedelta(minutes=n)) for n in range(60)]
    monkeypatch.setattr(DataBucket, "versions", lambda _self, _prefix: iter(dropped))
    for version in dropped[1:]:
        end(world, run_of(version), "Failed", iso(version.written))
    world.put(f"{DATASET}/runs/{run_of(dropped[0])}/plan.json", {})
    read: list[str] = []
    plain = world.s3.get_object

    def get_object(**asked: Any) -> Any:
        read.append(asked["Key"])
        return plain(**asked)

    monkeypatch.setattr(world.s3, "get_object", get_object)
    reply = tag(event("tag_png"))
    assert (reply.status, reply.json["running"]) == (409, [run_of(dropped[0])])
    assert len(read) < 30
