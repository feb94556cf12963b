"""The commands on ratings: what is checked, what lies in the bucket, what is said of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tagline.cli import recommend as recommend_module
from tagline.cli.api import ApiProblem
from tagline.cli.main import app
from tagline.cli.ratings import is_ratings
from tagline.cli.target import Target
from tagline.formats.feedback import Click
from tagline.formats.feedback_keys import FeedbackKeys
from tagline.formats.kinds import Kind
from tagline.formats.names import run_name
from tagline.formats.packed import BySide, Digests
from tagline.formats.ratings import RatingsDataset
from tests.unit import run_documents
from tests.unit.cli_stack import BUCKET, put, stack, status
from tests.unit.test_flow_of_ratings import metrics

__all__ = ["stack"]
runner = CliRunner()
ROWS = "".join(f"u{n % 7},i{n % 11},{n % 5 + 1},{10**9 + n}\n" for n in range(77))
RUN = "films-0123456789abcdef"


@pytest.fixture
def ratings(tmp_path: Path) -> Path:
    path = tmp_path / "all.csv"
    path.write_text(ROWS)
    return path


@pytest.mark.parametrize(
    ("name", "text", "known"),
    [
        ("a.csv", "user,item\n", True),
        ("a.CSV", "1,2,3\n", True),
        ("a.csv", "", True),
        ("a.csv", "file,tags\na.png,red\n", False),
        ("a.csv", "a.jpg,red\n", False),
        ("a.csv", "id;labels\n1;red\n", False),
        ("a.lst", "1,2,3\n", False),
        ("a.tsv", "1\t2\n", False),
    ],
)
def test_ratings_are_told_from_tables_of_images(
    tmp_path: Path, name: str, text: str, known: bool
) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert is_ratings(path) is known


def test_check_judges_every_row_and_says_what_comes_next(ratings: Path) -> None:
    ratings.write_text(ROWS + "broken\n")
    result = runner.invoke(app, ["check", str(ratings)])
    assert result.exit_code == 0, result.output
    assert "too_few_fields" in result.stdout
    assert f"next: tagline drop DATASET {ratings} --wait" in result.stderr
    told = json.loads(runner.invoke(app, ["check", str(ratings), "--json"]).stdout)
    assert (told["kind"], told["rows"], told["accepted"], told["users"]) == ("ratings", 78, 77, 7)
    assert told["first"]["too_few_fields"][0]["line"] == 78


@pytest.mark.parametrize(
    ("text", "config", "said"),
    [
        ("", "", "has no rows"),
        ("a,b,c,d\n", "", "none of the 1 rows can be used"),
        (ROWS, "image: {size: 32}", "image.size is for datasets of images"),
        (ROWS, "split: {test: 0}", "split.test is 0, and nothing else judges ratings"),
        (ROWS, "recommender: {minimum_user_ratings: 50}", "none of the 77 rows can be used"),
    ],
)
def test_check_ends_with_1_where_no_run_could_use_it(
    ratings: Path, text: str, config: str, said: str
) -> None:
    ratings.write_text(text)
    settings = ratings.with_name("dataset.yaml")
    settings.write_text(config)
    result = runner.invoke(app, ["check", str(ratings), "--config", str(settings)])
    assert result.exit_code == 1
    assert said in result.stderr


def test_drop_puts_titles_and_settings_first_and_names_the_run(
    stack: Target, ratings: Path
) -> None:
    items = ratings.with_name("titles.csv")
    items.write_text("item,title\ni1,The Door\n")
    given = ["drop", "films", str(ratings), "--items", str(items), "--json"]
    result = runner.invoke(app, given)
    assert result.exit_code == 0, result.output
    key = "films/ratings/all.csv"
    head = stack.s3.head_object(Bucket=BUCKET, Key=key)
    told = json.loads(result.stdout)
    assert told["run"] == run_name(BUCKET, key, head["VersionId"], head["ETag"])
    found = stack.s3.get_object(Bucket=BUCKET, Key="films/items.csv")["Body"].read()
    assert found == items.read_bytes()


@pytest.mark.usefixtures("stack")
def test_drop_refuses_what_does_not_go_with_ratings(ratings: Path) -> None:
    labels = ratings.with_name("labels.txt")
    labels.write_text("red\n")
    refused = runner.invoke(app, ["drop", "films", str(ratings), "--labels", str(labels)])
    assert (refused.exit_code, "--labels is for a list" in refused.stderr) == (1, True)
    ratings.write_text("a,b,c,d\n")
    refused = runner.invoke(app, ["drop", "films", str(ratings)])
    assert (refused.exit_code, "none of the 1 rows" in refused.stderr) == (1, True)
    a_list = ratings.with_name("a.lst")
    a_list.write_text("1\t1\ta.png\n")
    refused = runner.invoke(app, ["drop", "films", str(a_list), "--items", str(labels)])
    assert (refused.exit_code, "has no ratings" in refused.stderr) == (1, True)


def test_runs_and_show_tell_of_the_named_metric(
    stack: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tagline.cli.run_report.describe", lambda _target, _run: None)
    monkeypatch.setattr("tagline.cli.runs._running", lambda _target, _dataset: iter(()))
    put(stack, f"films/runs/{RUN}/metrics.json", metrics(RUN, 0.3, 0.25))
    put(stack, f"films/runs/{RUN}/status.json", status(RUN, "Promoted", "2026-11-20T09:00:00Z"))
    listed = runner.invoke(app, ["runs", "films"])
    assert listed.exit_code == 0, listed.output
    assert "NDCG@10" in listed.stdout
    assert "+0.0500" in listed.stdout
    [told] = json.loads(runner.invoke(app, ["runs", "films", "--json"]).stdout)
    assert (told["metric"], told["value"], told["mAP"]) == ("ndcg_at_10", 0.3, None)
    dataset = RatingsDataset(
        run=RUN, fingerprint="0", rows=12, accepted=10, rejected=2, train=8, validation=1, test=1,
        users=2, items=5, titles=0, by_time=False, first=None, last=None, partitions=1,
        sha256=Digests(train="", validation=""), bytes=BySide(train=1, validation=1),
    )  # fmt: skip
    put(stack, f"films/runs/{RUN}/dataset.json", dataset)
    shown = runner.invoke(app, ["show", RUN])
    assert shown.exit_code == 0, shown.output
    assert "picked by a hash, as times are missing" in shown.stderr
    for words in ("NDCG@10", "Recall@10", "0.3000 on the test users", "ease"):
        assert words in shown.stdout


def test_recommend_prints_items_and_why(stack: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def ask(url: str, kind: Any, _proof: object) -> Any:
        asked.append(url)
        return kind(
            dataset="films",
            model={"run": RUN, "created": "2026-11-20T09:00:00Z"},
            user="a b",
            basis="popularity",
            reason="user 'a b' has no history and no items are named: the most popular",
            recommendations=[],
            unknown=["x"],
        )

    monkeypatch.setattr(recommend_module, "ask_for", ask)
    result = runner.invoke(app, ["recommend", "films", "--user", "a b", "--no-exclude-seen"])
    assert result.exit_code == 0, result.output
    assert asked[0].endswith("/films/recommendations?user=a+b&top_k=10&exclude_seen=0")
    assert "By popularity" in result.stdout
    assert "has no history" in result.stderr
    assert "Not known to the model: x" in result.stderr


def test_what_the_api_refuses_is_one_line(stack: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*_: object) -> Any:
        raise ApiProblem("404 Not Found: There is no dataset films.")

    monkeypatch.setattr(recommend_module, "ask_for", ask)
    result = runner.invoke(app, ["recommend", "films", "--user", "ann"])
    assert result.exit_code == 1
    assert result.stderr == "tagline: 404 Not Found: There is no dataset films.\n"


def test_what_is_of_images_alone_is_refused(stack: Target, ratings: Path) -> None:
    refused = runner.invoke(app, ["estimate", str(ratings)])
    assert (refused.exit_code, "is a file of ratings" in refused.stderr) == (1, True)
    put(stack, "films/champion.json", run_documents.champion(run=RUN, kind=Kind.RATINGS))
    refused = runner.invoke(app, ["drift", "films"])
    assert (refused.exit_code, "is of ratings: drift is of tags" in refused.stderr) == (1, True)


def test_clicks_become_the_next_ratings(
    stack: Target, ratings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ratings.parent)
    key = "films/ratings/all.csv"
    version = stack.s3.put_object(Bucket=BUCKET, Key=key, Body=ROWS.encode())["VersionId"]
    dropped = {"key": key, "version_id": version, "etag": "e"}
    plan = run_documents.plan(run=RUN, dataset="films", kind=Kind.RATINGS, list=dropped)
    put(stack, f"films/runs/{RUN}/plan.json", plan)
    put(stack, "films/newest.json", json.dumps({"run": RUN, "started": "x"}).encode())
    at = "2026-11-20T09:00:00Z"
    click = Click(dataset="films", user="ann", item="i1", rating=None, run=None, who=None, at=at)
    put(stack, FeedbackKeys("films").click(at, "ann", "i1"), click)
    other = Click(dataset="films", user="bob", item="i2", rating=3, run=None, who=None, at=at)
    put(stack, FeedbackKeys("films").click(at, "bob", "i2"), other)
    shown = runner.invoke(app, ["feedback", "films"])
    assert "ann" in shown.stdout
    assert "bob" in shown.stdout  # within the same second
    assert runner.invoke(app, ["feedback", "films", "--to-list"]).exit_code == 1
    result = runner.invoke(app, ["feedback", "films", "--to-ratings", "--drop", "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["list_uri"].endswith("films/ratings/all.clicks.csv")
    text = (ratings.parent / "all.clicks.csv").read_text().splitlines()
    assert len(text) == 80
    assert set(text[-2:]) == {"ann,i1,1.0,1795165200", "bob,i2,3.0,1795165200"}


def test_a_candidate_is_a_copy_among_the_ratings(stack: Target) -> None:
    key = "films/ratings/all.csv"
    answer = stack.s3.put_object(Bucket=BUCKET, Key=key, Body=ROWS.encode())
    dropped = {"key": key, "version_id": answer["VersionId"], "etag": answer["ETag"].strip('"')}
    plan = run_documents.plan(run=RUN, dataset="films", kind=Kind.RATINGS, list=dropped)
    put(stack, f"films/runs/{RUN}/plan.json", plan)
    put(stack, "films/newest.json", json.dumps({"run": RUN, "started": "x"}).encode())
    tried = ["try", "films", "--json", "--set"]
    result = runner.invoke(app, [*tried, "recommender.algorithm=ease"])
    assert result.exit_code == 0, result.output
    uri = json.loads(result.stdout)["list_uri"]
    assert uri.startswith(f"s3://{BUCKET}/films/ratings/tried-")
    assert uri.endswith(".csv")
    refused = runner.invoke(app, [*tried, "image.size=32"])
    assert (refused.exit_code, "image.size is for datasets of images" in refused.stderr) == (
        1,
        True,
    )


def test_compare_reads_no_files_of_images(
    stack: Target, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """They have the same names, and each would be told as damaged."""
    monkeypatch.setattr("tagline.cli.run_report.describe", lambda _target, _run: None)
    runs = (RUN, "films-0123456789abcde0")
    for run, value in zip(runs, (0.3, 0.35), strict=True):
        put(stack, f"films/runs/{run}/metrics.json", metrics(run, value, 0.25))
        plan = run_documents.plan(run=run, dataset="films", kind=Kind.RATINGS)
        put(stack, f"films/runs/{run}/plan.json", plan)
        put(stack, f"films/runs/{run}/status.json", status(run, "Promoted", "2026-11-20T09:00:00Z"))
    result = runner.invoke(app, ["compare", *runs])
    assert result.exit_code == 0, result.output
    assert "0.3500" in result.stdout
    assert "absent" not in caplog.text
