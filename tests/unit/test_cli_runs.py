"""`tagline runs` and `tagline show`: what they tell of what runs left behind."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from tagline.cli import output as output_module
from tagline.cli import run_report as report_module
from tagline.cli import runs as runs_module
from tagline.cli.main import app
from tagline.cli.target import Target
from tagline.formats.outcomes import Newest
from tests.unit.cli_stack import (
    BUCKET,
    LATER_RUN,
    OTHER_RUN,
    RUN,
    golden,
    metrics,
    put,
    stack,
    status,
)
from tests.unit.run_documents import champion, decision, packed_dataset, plan

__all__ = ["stack"]
runner = CliRunner()
EXECUTIONS: dict[str, dict[str, Any]] = {
    LATER_RUN: {"status": "RUNNING", "startDate": datetime(2026, 1, 2, tzinfo=UTC)}
}

LATER_KEYS = (
    *("chosen", "ap_low", "ap_high", "gain", "gain_low", "gain_high", "ece"),
    *("recall", "precision"),
)
LATER_IN_DECISIONS = {"superseded_by": None, "metric": "mAP"} | dict.fromkeys(
    ("challenger_value", "champion_value")
)


@pytest.fixture
def history(stack: Target, monkeypatch: pytest.MonkeyPatch) -> Target:
    """Three runs: one promoted, one of another dataset failed, one running."""

    def running(_target: Target, dataset: str | None) -> list[str]:
        return [LATER_RUN] if dataset in {None, "designs"} else []

    for module in (runs_module, report_module):
        monkeypatch.setattr(module, "describe", lambda _target, run: EXECUTIONS.get(run))
    monkeypatch.setattr(runs_module, "_running", running)
    prefix = f"designs/runs/{RUN}/"
    put(stack, f"{prefix}status.json", status(RUN, "Promoted", "2026-01-01T00:00:00Z"))
    put(stack, f"{prefix}metrics.json", metrics())
    put(stack, f"{prefix}dataset.json",
        packed_dataset(accepted=15, rejected=25, train=12, validation=3))  # fmt: skip
    put(stack, f"{prefix}decision.json", decision(reason="0.9100 against 0.8500"))
    rejects = [
        {"line": n, "id": n, "path": f"{n}.png", "reason": "missing_object", "detail": "no object"}
        for n in range(1, 26)
    ]
    put(stack, f"{prefix}rejects.jsonl", rejects)
    cause = "epoch 3: loss is not finite\n" * 3 + "lower training.learning_rate"
    failed = status(OTHER_RUN, "Failed", "2025-12-01T00:00:00Z", state="Train", reason=cause)
    put(stack, f"logos/runs/{OTHER_RUN}/status.json", failed)
    put(stack, "somebody else's/file.txt", b"")
    return stack


@pytest.mark.usefixtures("history")
def test_runs_come_newest_first_and_the_running_one_is_among_them() -> None:
    result = runner.invoke(app, ["runs", "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert [(item["run"], item["outcome"]) for item in told] == [
        (LATER_RUN, "Running"),
        (RUN, "Promoted"),
        (OTHER_RUN, "Failed"),
    ]
    assert told[1]["mAP"] == 0.91


@pytest.mark.usefixtures("history")
def test_runs_of_one_dataset_as_a_table() -> None:
    result = runner.invoke(app, ["runs", "logos"])
    assert result.exit_code == 0
    assert OTHER_RUN in result.stdout
    assert RUN not in result.stdout
    assert "2025-12-01 00:00:00" in result.stdout
    assert "59.0 s" in result.stdout


def test_what_serves_and_what_was_only_tried_is_marked(history: Target) -> None:
    put(history, "designs/champion.json", champion(run=RUN))
    put(history, "logos/champion.json", b"damaged")
    tried = {"candidate": True, "tried": ["training.epochs=20"]}
    put(history, f"designs/runs/{LATER_RUN}/plan.json", plan(run=LATER_RUN, **tried))
    told = {run["run"]: run for run in json.loads(runner.invoke(app, ["runs", "--json"]).stdout)}
    assert [told[run]["serving"] for run in (RUN, LATER_RUN, OTHER_RUN)] == [True, False, False]
    assert [told[run]["tried"] for run in (RUN, LATER_RUN)] == [[], ["training.epochs=20"]]
    shown = runner.invoke(app, ["runs"]).stdout
    assert shown.count("serves now") == shown.count("candidate") == 1


def test_a_run_that_was_rolled_back_from_is_marked(history: Target) -> None:
    back = {"kind": "rollback", "by": "me", "why": "trying it", "at": "2026-01-03T00:00:00Z"}
    reign = {"run": RUN, "since": "2026-01-01T00:00:00Z", "until": "2026-01-03T00:00:00Z",
             "mAP": 0.9, "reason": "won"}  # fmt: skip
    put(history, "designs/champion.json", champion(run=LATER_RUN, order=back, before=[reign]))
    told = {run["run"]: run for run in json.loads(runner.invoke(app, ["runs", "--json"]).stdout)}
    assert (told[RUN]["outcome"], told[RUN]["rolled_back"]) == (
        "Promoted",
        {"at": reign["until"], "by": "me", "why": "trying it", "to": LATER_RUN},
    )
    assert told[LATER_RUN]["rolled_back"] is None
    assert runner.invoke(app, ["runs"]).stdout.count("rolled back") == 1


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize(
    ("width", "there", "gone"),
    [
        (120, ("2026-01-01 00:00:00", "Against champion", "Took"), ()),
        (80, ("01-01 00:00", "champion", "0.9100"), ("2026-",)),
        (60, ("Promoted", "0.9100"), ("01-01 00:00", "Took")),
        (32, ("Promoted",), ("0.9100",)),
    ],
)
def test_on_a_narrow_terminal_columns_of_less_weight_are_left_out(
    monkeypatch: pytest.MonkeyPatch, width: int, there: tuple[str, ...], gone: tuple[str, ...]
) -> None:
    monkeypatch.setattr(output_module, "_PIPE", output_module.console(width=width))
    printed = runner.invoke(app, ["runs"]).stdout
    assert all(run in printed for run in (RUN, LATER_RUN, OTHER_RUN))
    assert max(map(len, printed.splitlines())) <= width
    for words in there:
        assert words in printed
    for words in gone:
        assert words not in printed
    rows = [line for line in printed.splitlines() if line.startswith(("│", "┃"))]
    assert not any(re.search(r"│ \w │", line) for line in rows), printed


def test_a_run_that_was_not_promoted_says_where_to_look_before_how_to_overrule(
    history: Target,
) -> None:
    looks = f"tagline show {RUN} --open, tagline compare {OTHER_RUN} {RUN}"
    said = (
        f"next: {looks}: what it does better and worse",
        f'      tagline promote {RUN} --why "…" overrules the gate, if you know better',
    )
    assert said[0] not in runner.invoke(app, ["show", RUN]).stderr
    put(history, f"designs/runs/{RUN}/status.json",
        status(RUN, "NotPromoted", "2026-01-01T00:00:00Z"))  # fmt: skip
    assert "\n".join(said) in runner.invoke(app, ["show", RUN]).stderr


def test_thresholds_set_by_hand_show_at_the_run_that_serves(history: Target) -> None:
    put(history, "designs/champion.json", champion(run=RUN))
    newest = Newest(run=LATER_RUN, started="2026-01-02T00:00:00Z", thresholds={"tag13": 0.15})
    put(history, "designs/newest.json", newest)
    shown = " ".join(runner.invoke(app, ["show", RUN]).stdout.split())
    assert "threshold of tag13 0.15 (chosen: 0.5000)" in shown
    assert "0.1500 by hand" in shown
    labels = json.loads(runner.invoke(app, ["show", RUN, "--json"]).stdout)["labels"]
    told = next(row for row in labels if row["label"] == "tag13")
    assert (told["threshold"], told["chosen"]) == (0.15, 0.5)
    put(history, "designs/newest.json", replace(newest, thresholds={}))
    assert "(chosen:" not in runner.invoke(app, ["show", RUN]).stdout


def test_an_unchanged_run_names_and_opens_the_report_of_the_run_that_it_equals(
    history: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = f"designs/runs/{LATER_RUN}/"
    monkeypatch.setitem(EXECUTIONS, LATER_RUN, {"status": "SUCCEEDED"})
    put(history, f"{prefix}status.json", status(LATER_RUN, "Unchanged", "2026-01-03T00:00:00Z"))
    put(history, f"{prefix}plan.json", plan(run=LATER_RUN, same_as=RUN))
    told = json.loads(runner.invoke(app, ["show", "designs", "--json"]).stdout)
    assert (told["run"], told["same_as"]) == (LATER_RUN, RUN)
    assert told["report"] == f"s3://{BUCKET}/designs/runs/{RUN}/report.html"
    put(history, f"designs/runs/{RUN}/report.html", b"<p>")
    opened: list[str] = []

    def opens(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr("webbrowser.open", opens)
    done = runner.invoke(app, ["show", "designs", "--open"])
    assert done.exit_code == 0, done.stderr
    assert f"/designs/runs/{RUN}/report.html" in opened[0]
    assert RUN in done.stderr


@pytest.mark.usefixtures("history")
def test_the_limit_is_said() -> None:
    result = runner.invoke(app, ["runs", "--limit", "1"])
    assert "2 older runs" in result.stderr


@pytest.mark.usefixtures("stack")
def test_no_runs_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs_module, "_running", lambda _target, _dataset: [])
    runs_found = runner.invoke(app, ["runs", "--json"])
    assert (runs_found.exit_code, json.loads(runs_found.stdout)) == (0, [])


@pytest.mark.usefixtures("history")
def test_show_tells_all_of_a_run() -> None:
    result = runner.invoke(app, ["show", RUN])
    assert result.exit_code == 0, result.output
    for part in ("Promoted", "0.9100", "0.8500", "0.1900", "Rejected rows (20 of 25)", "1.png",
                 "missing_object", "tag0", "tag13", "Best and worst 5 of 14 labels",
                 f"s3://{BUCKET}/designs/runs/{RUN}/report.html", OTHER_RUN):  # fmt: skip
        assert part in result.stdout, part
    assert "never" not in result.stdout
    assert "--rejects" in result.stderr


@pytest.mark.usefixtures("history")
def test_show_as_json_has_the_first_rejects_and_all_labels() -> None:
    told = json.loads(runner.invoke(app, ["show", RUN, "--json"]).stdout)
    assert told["counts"]["accepted"] + told["counts"]["rejected"] == told["counts"]["rows"]
    assert len(told["rejects"]) == 20
    assert len(told["labels"]) == 15


def test_show_says_where_training_started_and_why_not_elsewhere(history: Target) -> None:
    start = {"kind": "starter", "instead": "there is no champion"}
    prefix = f"designs/runs/{RUN}/"
    begun = msgspec.to_builtins(metrics()) | {"start": start}
    put(history, f"{prefix}metrics.json", json.dumps(begun).encode())
    card = json.loads(golden("model_card.json"))
    card["model"]["start"] = start
    put(history, f"{prefix}model_card.json", json.dumps(card).encode())
    result = runner.invoke(app, ["show", RUN])
    assert result.exit_code == 0, result.output
    assert "training started from starter: there is no champion" in result.stderr
    assert "Started from" in result.stdout


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("mode", ["training.json", "training.tune.json"])
def test_a_run_of_an_earlier_version_is_shown_with_the_keys_of_its_files(
    stack: Target, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(report_module, "describe", lambda _target, _run: None)
    left = {"status.json": "status.Promoted.json", "training.json": mode}
    same = ("plan", "dataset", "metrics", "decision", "model_card")
    left |= {f"{name}.json": f"{name}.json" for name in same} | {"rejects.jsonl": "rejects.jsonl"}
    for name, other in left.items():
        put(stack, f"designs/runs/{RUN}/{name}", golden(other))
    champion = json.loads(golden("champion.json")) | {"run": RUN}
    put(stack, "designs/champion.json", json.dumps(champion).encode())
    told = json.loads(runner.invoke(app, ["show", RUN, "--json"]).stdout)
    missing = f"endpoint {champion['endpoint']} is missing"
    assert told.pop("shadow") is None
    assert told.pop("health") == {"serves": False, "status": None, "problem": missing}
    assert f"no: {missing}" in " ".join(runner.invoke(app, ["show", RUN]).stdout.split())
    assert told.pop("rejects") == list(map(json.loads, golden("rejects.jsonl").splitlines()))
    metrics, packed, ended = (
        json.loads(golden(name)) for name in ("metrics.json", "dataset.json", left["status.json"])
    )
    training = json.loads(golden(mode))
    request = training["request"]
    request.get("TrainingJobDefinition", request)["EnableManagedSpotTraining"] = False
    counts = ("rows", "accepted", "rejected", "reused", "fetched", "train", "validation")
    assert told == {
        **{key: ended[key] for key in ("dataset", "outcome", "state", "reason")},
        **{key: ended[key] for key in ("started", "ended")},
        **{key: metrics[key] for key in ("mAP", "baseline_map", "champion")},
        "metric": "mAP",
        "value": metrics["mAP"],
        "baseline": metrics["baseline_map"],
        "champion_value": None,
        "compared": None,
        "kind": "images",
        "ranking": None,
        "labels": [row | dict.fromkeys(LATER_KEYS) for row in metrics["labels"]],
        "run": RUN,
        "champion_map": None,
        "gain": None,
        "judged_on": "validation",
        **dict.fromkeys(("difference", "macro_f1", "micro_f1", "epoch", "epochs", "trials")),
        **dict.fromkeys(("macro_recall", "top1", "top5", "unsure")),
        "task": "multi",
        "report": f"s3://{BUCKET}/designs/runs/{RUN}/report.html",
        "counts": {key: packed[key] for key in counts} | {"test": 0},
        "decision": json.loads(golden("decision.json")) | LATER_IN_DECISIONS,
        "training": training,
        "serving": True,
        "artifact": champion["artifact"],
        "model": json.loads(golden("model_card.json"))["model"] | {"start": None},
        "location": f"s3://{BUCKET}/designs/runs/{RUN}/",
        "cost": None,
        "suspects": [],
        "corrections": None,
        "contradicting": 0,
        "changes": None,
        "warnings": [],
        "tried": [],
        "same_as": None,
        "pictures": {
            "lost": {"one_colour": 0, "transparent": 0},
            "near_copies": {"images": 0, "groups": 0, "across": 0, "moved": 0},
            "image": packed["image"],
            "background": None,
        },
    }


@pytest.mark.usefixtures("history")
def test_show_says_what_vanished_from_the_pictures(stack: Target) -> None:
    packed = packed_dataset(
        accepted=60,
        lost={"one_colour": 60, "transparent": 2},
        near_copies={"images": 9, "groups": 4, "across": 3},
    )
    put(stack, f"designs/runs/{RUN}/dataset.json", packed)
    said = runner.invoke(app, ["show", RUN]).stderr
    assert "60 of 60 images are one colour all over on the background #ffffff" in said
    assert "`image: {background: auto}`" in said
    assert "2 of 60 images are transparent all over" in said
    assert "9 of 60 images are near-copies of each other, in 4 groups; 3 groups have" in said
    told = json.loads(runner.invoke(app, ["show", RUN, "--json"]).stdout)
    assert told["pictures"]["near_copies"] == {"images": 9, "groups": 4, "across": 3, "moved": 0}
    assert len(told["warnings"]) == 3


@pytest.mark.usefixtures("history")
def test_show_says_before_packing_what_the_reused_run_found(stack: Target) -> None:
    plan = json.loads(golden("plan.json"))
    plan["seen"] = {
        "run": LATER_RUN,
        "lost": {"one_colour": 7, "transparent": 0},
        "near_copies": {"images": 0, "groups": 0, "across": 0, "moved": 0},
    }
    put(stack, f"designs/runs/{RUN}/plan.json", json.dumps(plan).encode())
    stack.s3.delete_object(Bucket=BUCKET, Key=f"designs/runs/{RUN}/dataset.json")
    assert f"as run {LATER_RUN} found: 7 of " in runner.invoke(app, ["show", RUN]).stderr


@pytest.mark.usefixtures("history")
def test_show_says_what_contradicts_and_what_changed(stack: Target) -> None:
    plan = json.loads(golden("plan.json")) | {
        "contradicting": 100,
        "changes": {"run": LATER_RUN, "relabelled": 41, "new": 12, "gone": 3},
    }
    put(stack, f"designs/runs/{RUN}/plan.json", json.dumps(plan).encode())
    result = runner.invoke(app, ["show", RUN])
    assert f"41 images changed labels, 12 new, 3 gone since run {LATER_RUN}" in result.stdout
    assert "100 rows contradict earlier ones and are left out: the first counts" in result.stderr
    told = json.loads(runner.invoke(app, ["show", RUN, "--json"]).stdout)
    assert (told["contradicting"], told["changes"]["relabelled"]) == (100, 41)


@pytest.mark.usefixtures("history")
def test_a_document_of_a_newer_version_is_refused_in_one_line(stack: Target) -> None:
    put(stack, f"designs/runs/{RUN}/status.json", b'{"format": 2}')
    result = runner.invoke(app, ["show", RUN])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"tagline: s3://{BUCKET}/designs/runs/{RUN}/status.json is of")
    assert result.stderr.endswith("update Tagline\n")


@pytest.mark.usefixtures("history")
def test_all_rejects_are_printed_as_json_lines() -> None:
    result = runner.invoke(app, ["show", RUN, "--rejects"])
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["line"] for row in rows] == list(range(1, 26))


def put_suspects(stack: Target) -> None:
    doubts = [{"label": "red", "given": False, "score": 0.97},
              {"label": "circle", "given": True, "score": 0.02}]  # fmt: skip
    rows = [
        {"line": n, "id": n, "path": f"{n}.png", "split": "test", "doubt": 0.98, "labels": doubts}
        for n in range(30, 55)
    ]
    put(stack, f"designs/runs/{RUN}/suspects.jsonl", rows)


def test_all_suspects_are_printed_as_json_lines(history: Target) -> None:
    put_suspects(history)
    result = runner.invoke(app, ["show", RUN, "--suspects"])
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["line"] for row in rows] == list(range(30, 55))
    assert rows[0]["labels"][1] == {"label": "circle", "given": True, "score": 0.02}


def test_a_run_is_shown_with_the_rows_that_its_model_doubts_most(history: Target) -> None:
    put_suspects(history)
    result = runner.invoke(app, ["show", RUN])
    assert "30 | 30.png" in re.sub("[ \u2502]+", " | ", result.stdout)
    assert "35.png" not in result.stdout
    assert "--suspects" in result.stderr
    told = json.loads(runner.invoke(app, ["show", RUN, "--json"]).stdout)
    assert [row["line"] for row in told["suspects"]] == list(range(30, 50))


@pytest.mark.usefixtures("history")
def test_a_run_of_an_earlier_version_has_no_suspects() -> None:
    result = runner.invoke(app, ["show", RUN, "--suspects"])
    assert result.exit_code == 1
    assert result.stderr == f"tagline: run {RUN} has no suspects.jsonl (yet)\n"


@pytest.mark.usefixtures("history")
def test_a_failed_run_shows_its_text_in_full_and_is_no_failure_of_the_command() -> None:
    result = runner.invoke(app, ["show", OTHER_RUN])
    assert result.exit_code == 0
    assert result.stdout.count("loss is not finite") == 3
    assert "lower training.learning_rate" in result.stdout


@pytest.mark.usefixtures("history")
def test_a_run_nobody_knows_is_refused() -> None:
    for more in ([], ["--rejects"]):
        result = runner.invoke(app, ["show", "designs-00000000000000ff", *more])
        assert result.exit_code == 1
        assert result.stderr.startswith("tagline: ")


@pytest.mark.usefixtures("history")
def test_a_running_run_is_shown_as_running() -> None:
    told = json.loads(runner.invoke(app, ["show", LATER_RUN, "--json"]).stdout)
    assert (told["outcome"], told["started"]) == ("Running", "2026-01-02T00:00:00.000Z")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}"])
@pytest.mark.parametrize("file", ["status.json", "metrics.json"])
def test_a_damaged_document_costs_its_run_alone(history: Target, file: str, body: bytes) -> None:
    history.s3.put_object(Bucket=BUCKET, Key=f"designs/runs/{RUN}/{file}", Body=body)
    result = runner.invoke(app, ["runs", "--json"])
    assert result.exit_code == 0, result.output
    listed = {run["run"]: run for run in json.loads(result.stdout)}
    assert listed[OTHER_RUN]["outcome"] == "Failed"
    assert listed[RUN]["outcome"] == ("Unreadable" if file == "status.json" else "Promoted")
    assert f"{RUN}/{file}" in listed[RUN]["reason"]


def test_batches_are_listed_with_what_became_of_their_images(history: Target) -> None:
    plan = {
        "batch": RUN, "dataset": "designs", "bucket": BUCKET, "started": "2026-01-03T00:00:00Z",
        "list": {"key": "designs/batches/new.txt", "etag": "e"}, "run": RUN, "labels": ["a"],
        "lines": 900, "images": 1200, "rejected": 1, "shards": 3,
    }  # fmt: skip
    prefix = f"designs/batches/{RUN}/"
    put(history, f"{prefix}plan.json", json.dumps(plan).encode())
    put(history, f"{prefix}tagged/000000.jsonl", b"")
    result = runner.invoke(app, ["runs", "designs"])
    assert result.exit_code == 0, result.output
    assert "1 of 3 shards" in result.stdout
    ended = {
        "batch": RUN, "dataset": "designs", "list": "designs/batches/new.txt", "outcome": "Tagged",
        "state": "PublishBatch", "reason": "1,188 of 1,200 images are tagged", "images": 1200,
        "tagged": 1188, "rejected": 12, "started": "2026-01-03T00:00:00Z",
        "ended": "2026-01-03T00:01:00Z", "tags": "s3://x", "rows": "s3://y",
    }  # fmt: skip
    put(history, f"{prefix}status.json", json.dumps(ended).encode())
    put(history, f"logos/batches/{OTHER_RUN}/status.json", b"[]")
    told = json.loads(runner.invoke(app, ["runs", "--json"]).stdout)
    found = {row["dataset"]: row for row in told if "list" in row}
    assert found["designs"]["tagged"] == 1188
    assert found["designs"]["shards_done"] == 3
    assert found["logos"]["outcome"] == "Unreadable"
    assert "1,188" in runner.invoke(app, ["runs"]).stdout
    shown = runner.invoke(app, ["show", RUN, "--json"])
    assert json.loads(shown.stdout) == found["designs"]
    assert "Tagged" in runner.invoke(app, ["show", RUN]).stdout


@pytest.mark.usefixtures("history")
def test_a_datasets_newest_run_is_shown_by_the_datasets_name() -> None:
    newest = json.loads(runner.invoke(app, ["runs", "designs", "--json"]).stdout)[0]["run"]
    assert json.loads(runner.invoke(app, ["show", "designs", "--json"]).stdout)["run"] == newest
    assert "has no run" in runner.invoke(app, ["show", "nothing"]).stderr
