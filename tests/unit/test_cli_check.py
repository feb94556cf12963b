"""`tagline check`: what it prints, and when it ends with 1."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tagline.cli.main import app

runner = CliRunner()


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.lst"
    path.write_text("".join(f"{row}\t{row % 2}\t1\timages/{row}.png\n" for row in range(10)))
    return path


def test_a_good_list_passes(good: Path) -> None:
    result = runner.invoke(app, ["check", str(good)])
    assert result.exit_code == 0
    assert "label_001" in result.stdout
    assert "50.0%" in result.stdout
    assert "On every image, so nothing can be learned: label_002" in result.stderr
    assert f"A run can use 10 of 10 rows\nnext: tagline drop good {good} --wait\n" in result.stderr


def test_the_next_command_leaves_images_out_where_the_run_reads_its_own(good: Path) -> None:
    config = good.with_name("a.yaml")
    config.write_text("source: s3://shop/prints/")
    list_path = good.rename(good.with_name("two words.lst"))
    result = runner.invoke(app, ["check", str(list_path), "--config", str(config)])
    said = f"next: tagline drop DATASET '{list_path}' --config {config} --wait\n"
    assert said in result.stderr


def test_labels_that_cannot_be_learned_are_named(good: Path) -> None:
    rows = (f"{row}\t{row % 2}\t0\t{int(row == 3)}\timages/{row}.png\n" for row in range(10))
    good.write_text("".join(rows))
    result = runner.invoke(app, ["check", str(good)])
    assert "On no image, so nothing can be learned: label_002" in result.stderr
    assert "On one image, so either not trained or not validated: label_003" in result.stderr


def test_rejected_rows_are_counted_by_reason(good: Path) -> None:
    good.write_text(good.read_text() + "10\t0\t7\timages/10.png\nx\t0\t1\timages/11.png\n")
    result = runner.invoke(app, ["check", str(good), "--json"])
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert (report["rows"], report["accepted"], report["rejected"]) == (12, 10, 2)
    assert report["reasons"] == {"bad_label": 1, "bad_id": 1}
    table = runner.invoke(app, ["check", str(good)]).stdout
    assert "bad_label" in table
    assert "expected 0 or 1" in table


def test_a_list_with_nothing_usable_ends_with_1(tmp_path: Path) -> None:
    path = tmp_path / "bad.lst"
    path.write_text("a\t0\t1\tx.png\nb\t0\t1\ty.png\n")
    result = runner.invoke(app, ["check", str(path)])
    assert result.exit_code == 1
    assert "no row can be used" in result.stderr
    assert "could not use this list (exit code 1)" in result.stderr
    assert "next:" not in result.stderr


def test_an_empty_list_ends_with_1_in_json_too(tmp_path: Path) -> None:
    path = tmp_path / "empty.lst"
    path.touch()
    result = runner.invoke(app, ["check", str(path), "--json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["usable"] is False
    assert "the list is empty" in result.stderr


ONE_NETWORK = "{max_jobs: 1, ranges: {network: [resnet50_v1]}}"


def checked(good: Path, settings: str) -> tuple[int, str]:
    config = good.with_name("asked.yaml")
    config.write_text(settings)
    result = runner.invoke(app, ["check", str(good), "--config", str(config)])
    return result.exit_code, " ".join(result.stderr.split())


def test_a_start_that_is_no_address_is_named(good: Path) -> None:
    code, said = checked(good, "training: {start_from: 's3://My_Bucket/weights.npz'}")
    assert code == 1
    assert "line 1: training.start_from: expected auto, starter, champion, none, or a file" in said


@pytest.mark.parametrize(
    ("settings", "network"),
    [
        ("training: {start_from: starter, network: resnet18_v1}", "resnet18_v1"),
        ("training: {start_from: starter, network: small}", None),
        ("training: {start_from: starter}", None),
        ("training: {start_from: champion, network: resnet18_v1}", None),
        (
            f"{{training: {{start_from: starter}}, tuning: {ONE_NETWORK}}}",
            "resnet50_v1",
        ),
    ],
)
def test_a_starter_that_the_network_has_not_is_said(
    good: Path, settings: str, network: str | None
) -> None:
    code, said = checked(good, settings)
    assert code == 0
    assert ("there is no starter" in said) is (network is not None)
    assert f"for the network {network}, whose training starts from nothing" in said or not network


def test_wrong_settings_are_named(good: Path, tmp_path: Path) -> None:
    config = tmp_path / "dataset.yaml"
    config.write_text("image:\n  sise: 64\n")
    result = runner.invoke(app, ["check", str(good), "--config", str(config)])
    assert result.exit_code == 1
    assert f"tagline: {config} line 2: image.sise: no such setting" in result.stderr


def test_a_threshold_of_another_list_is_named_by_its_line(good: Path, tmp_path: Path) -> None:
    code, said = checked(good, "image: {size: 64}\nthresholds:\n  label_003: 0.4\n")
    assert code == 1
    assert "line 3: thresholds.label_003: the list has no such label; near it: label_00" in said


def test_a_setting_that_does_not_suit_the_list_is_named_by_its_line(
    good: Path, tmp_path: Path
) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text("training:\n  epochs: 3\n  mini_batch_size: 64\n")
    result = runner.invoke(app, ["check", str(good), "--config", str(config)])
    assert result.exit_code == 1
    assert f"tagline: {config} line 3: training.mini_batch_size reaches 64" in result.stderr


def test_rows_that_contradict_earlier_ones_are_said(good: Path, tmp_path: Path) -> None:
    corrected = "".join(f"{row}\t1\t0\timages/{row}.png\n" for row in range(8))
    good.write_text(good.read_text() + corrected)
    result = runner.invoke(app, ["check", str(good)])
    assert result.exit_code == 0
    said = "8 rows contradict earlier ones and are left out: the first counts."
    assert said in result.stderr
    assert result.output.index(said) < result.output.index("duplicate_id")
    report = json.loads(runner.invoke(app, ["check", str(good), "--json"]).stdout)
    assert report["warnings"][0].startswith(said)
    config = tmp_path / "dataset.yaml"
    config.write_text("on_conflict: last_wins\n")
    result = runner.invoke(app, ["check", str(good), "--config", str(config)])
    assert "8 rows are contradicted by later ones and left out: the last counts" in result.stderr


def test_errors_come_before_tables(good: Path) -> None:
    good.write_text("1\t0\t1\timages/1.png\nx\t0\t1\timages/2.png\n")
    result = runner.invoke(app, ["check", str(good)])
    assert result.exit_code == 1
    assert result.output.index("tagline: 1 usable") < result.output.index("bad_id")


def test_names_in_another_file_are_called_by_that_files_name(good: Path) -> None:
    other = good.with_name("tags.csv")
    other.write_text("a\nb\nc\n")
    result = runner.invoke(app, ["check", str(good), "--labels", str(other)])
    assert result.exit_code == 1
    assert f"{other} has 3 names, but the list's rows have 2 labels" in result.stderr
    assert "labels.txt" not in result.stderr


def test_of_what_is_no_list_nothing_is_counted(tmp_path: Path) -> None:
    table = tmp_path / "s.csv"
    table.write_text("filename,tags\na.png,cat\nb.png,dog\n")
    result = runner.invoke(app, ["check", str(table)])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "`tagline convert" in result.stderr
