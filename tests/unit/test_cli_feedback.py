"""`tagline feedback`: corrections shown, merged, dropped; doubts; forgetting."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tagline.cli.main import app
from tagline.cli.target import Target
from tagline.feedback.recording import record
from tagline.formats.document import decode
from tagline.formats.feedback import CorrectedImage, Correction
from tagline.formats.merged import Merged
from tagline.formats.outcomes import Newest
from tagline.formats.rows import Side
from tagline.formats.suspects import Doubt, Suspect
from tests.unit import run_documents
from tests.unit.api_world import event
from tests.unit.cli_stack import BUCKET, RUN, put, stack

__all__ = ["stack"]
runner = CliRunner()
PNG = base64.b64decode(event("tag_png")["body"])
HASH = hashlib.sha256(PNG).hexdigest()
LABELS = ("red", "round")
LIST = b"1\t1\t0\timages/a.png\n2\t0\t1\timages/b.png\n"


@pytest.fixture
def listed(stack: Target) -> Target:
    """A dataset `designs` whose newest list has two rows."""
    key = "designs/lists/all.lst"
    put(stack, key, LIST)
    version = stack.s3.head_object(Bucket=BUCKET, Key=key)["VersionId"]
    made = {"key": key, "version_id": version, "etag": "e", "sha256": "s"}
    plan = run_documents.plan(run=RUN, dataset="designs", bucket=BUCKET, labels=LABELS, list=made)
    put(stack, f"designs/runs/{RUN}/plan.json", plan)
    put(stack, "designs/newest.json", Newest(run=RUN, started="2026-11-26T00:00:00Z"))
    for name in "ab":
        put(stack, f"designs/images/{name}.png", PNG)
    return stack


def correct(target: Target, path: str, sha256: str | None = None, **said: Any) -> None:
    image = CorrectedImage(s3_uri=f"s3://{BUCKET}/designs/{path}", sha256=sha256, path=path)
    known = {"run": RUN, "who": "ann", "at": ""} | said
    record(target.bucket, Correction(dataset="designs", image=image, **known))


def run(*arguments: str) -> Result:
    result = runner.invoke(app, ["feedback", "designs", *arguments])
    assert result.exit_code == 0, result.output
    return result


def test_a_dataset_that_is_none_is_told(listed: Target) -> None:
    result = runner.invoke(app, ["feedback", "nope"])
    assert (result.exit_code, "there is no dataset nope" in result.stderr) == (1, True)


def test_corrections_are_shown_newest_first(listed: Target) -> None:
    assert "Nobody has corrected" in run().stderr
    correct(listed, "images/a.png", added=("round",))
    correct(listed, "images/b.png", removed=("round",))
    put(listed, "designs/feedback/corrections/9.json", b"{")
    table = run().stdout
    assert table.index("9.json is not JSON") < table.index("b.png") < table.index("a.png")
    found = json.loads(run("--json").stdout)
    assert [each.get("added") for each in found] == [["round"], [], None]


def test_a_merged_list_has_a_verdict_on_each_correction(
    listed: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kept = f"feedback/images/{HASH}.png"
    put(listed, f"designs/{kept}", PNG)
    correct(listed, "images/a.png", added=("round",))
    correct(listed, "images/a.png", removed=("round",))
    correct(listed, "images/a.png", added=("round",), who="bob")
    correct(listed, "images/b.png", confirmed=("round",))
    correct(listed, kept, HASH, added=("red",))
    correct(listed, "images/gone.png", added=("red",))
    correct(listed, "images/bare.png", removed=("red",))
    correct(listed, "images/b.png", added=("green",))
    put(listed, "designs/feedback/corrections/9.json", b"{")
    told = json.loads(run("--to-list", "--json").stdout)
    assert [each["verdict"] for each in told["each"]] == [
        *("agrees", "overruled", "changed", "agrees", "new_row", "no_image", "no_tags"),
        *("unknown_label", "unreadable"),
    ]
    assert sum(told["verdicts"].values()) == told["corrections"] == 9
    assert (told["conflicts"], told["unknown"]) == (2, 1)
    made = Path("all.corrected.lst").read_bytes()
    assert made.startswith(b"1\t1\t1\timages/a.png\n2\t0\t1\timages/b.png\n")
    assert made.splitlines()[2].endswith(f"\t1\t0\t{kept}".encode())
    key = f"designs/feedback/merged/{hashlib.sha256(made).hexdigest()}.json"
    found = decode(listed.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read(), Merged, key)
    assert (found.rows_changed, found.rows_added, found.by) == (1, 1, "person")


def test_an_image_that_was_sent_corrects_the_row_that_shows_it(
    listed: Target, tmp_path: Path
) -> None:
    kept = f"feedback/images/{HASH}.png"
    put(listed, f"designs/{kept}", PNG)
    verdict = {"line": 2, "id": 2, "path": "images/b.png", "verdict": "accepted", "split": "train"}
    put(listed, f"designs/runs/{RUN}/verdicts.jsonl", [{**verdict, "sha256": HASH}])
    correct(listed, kept, HASH, added=("red",))
    # msgspec writes no blanks between keys and values
    lines = listed.s3.get_object(Bucket=BUCKET, Key=f"designs/runs/{RUN}/verdicts.jsonl")
    put(listed, f"designs/runs/{RUN}/verdicts.jsonl", lines["Body"].read().replace(b": ", b":"))
    path = tmp_path / "made.lst"
    run("--to-list", str(path))
    assert path.read_bytes() == b"1\t1\t0\timages/a.png\n2\t1\t1\timages/b.png\n"


def test_a_list_can_be_dropped_at_once(listed: Target, tmp_path: Path) -> None:
    correct(listed, "images/a.png", added=("round",))
    path = tmp_path / "made.lst"
    told = json.loads(run("--to-list", str(path), "--drop", "--json").stdout)
    assert told["list_uri"] == f"s3://{BUCKET}/designs/lists/made.lst"
    dropped = listed.s3.get_object(Bucket=BUCKET, Key="designs/lists/made.lst")["Body"].read()
    assert dropped == path.read_bytes()


def test_doubted_rows_are_shown_with_their_pictures(listed: Target, tmp_path: Path) -> None:
    doubts = (
        Doubt(label="red", given=True, score=0.02),
        Doubt(label="<i>", given=False, score=0.98),
    )
    rows = [
        Suspect(line=1, id=1, path="images/a.png", split=Side.TEST, doubt=0.98, labels=doubts),
        Suspect(line=9, id=9, path="gone.png", split=Side.TEST, doubt=0.9, labels=doubts[:1]),
    ]
    listed.bucket.write_lines(f"designs/runs/{RUN}/suspects.jsonl", rows)
    put(listed, "designs/latest.json", run_documents.latest(run=RUN))
    assert "images/a.png" in run("--suspects").stdout
    assert [row["id"] for row in json.loads(run("--suspects", RUN, "--json").stdout)] == [1, 9]
    page = tmp_path / "doubts.html"
    run("--suspects", "--html", str(page))
    html = page.read_text()
    assert f"data:image/png;base64,{base64.b64encode(PNG).decode()}" in html
    assert "&lt;i&gt;" in html
    assert "<i>" not in html
    assert html.count("(no picture)") == 1


def test_what_is_kept_of_requests_and_of_an_image_is_forgotten(listed: Target) -> None:
    kept, sampled = f"feedback/images/{HASH}.png", "feedback/sampled/2026-11-26"
    for key in (kept, f"{sampled}/{HASH}.png", f"{sampled}/{'0' * 64}.png"):
        put(listed, f"designs/{key}", PNG)
        put(listed, f"designs/{key}", PNG + b" ")
    correct(listed, kept, HASH, added=("red",))
    correct(listed, "images/a.png", added=("red",))
    assert len(json.loads(run("--forget", HASH, "--json").stdout)["deleted"]) == 4
    run("--forget", "sampled")
    found = listed.s3.list_object_versions(Bucket=BUCKET, Prefix="designs/feedback/")
    assert len(found["Versions"]) == 2  # of the other image
    assert not found.get("DeleteMarkers")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--to-list", "--suspects"),
        ("--drop",),
        ("--html", "x.html"),
        ("x.lst",),
        ("--to-list", "x.csv"),
        ("--to-list", "x.lst.gz"),
        ("--forget", "all"),
        ("--suspects", "birds-0123456789abcdef"),
        ("--suspects",),
    ],
)
def test_what_does_not_go_together_is_refused(listed: Target, arguments: tuple[str, ...]) -> None:
    result = runner.invoke(app, ["feedback", "designs", *arguments])
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("tagline: ")
