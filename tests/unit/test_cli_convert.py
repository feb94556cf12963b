"""`tagline convert`: what it prints and writes; what `check` and `drop` say of other files."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tagline.cli.convert import as_list
from tagline.cli.drop import or_convert
from tagline.cli.errors import Refused
from tagline.cli.main import app
from tests.unit.converting import written

runner = CliRunner()
TABLE = "filename,tags\ncats/a.png,cat|black\ndogs/b.png,dog\n/c.png,dog\n"


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return written(Path("stickers.csv"), TABLE)


def test_a_table_becomes_a_list(table: Path) -> None:
    written(Path("cats/a.png"), b"")
    done = runner.invoke(app, ["convert", str(table)])
    assert done.exit_code == 0, done.stderr
    assert Path("labels.txt").read_text() == "black\ncat\ndog\n"
    assert Path("stickers.lst").read_text().startswith("4308351967984028\t1\t1\t0\tcats/a.png\n")
    assert "column 'tags', separated by '|'" in done.stderr
    assert "absolute_path" in done.stderr
    assert "33.3%" not in done.stdout
    assert "50.0%" in done.stdout
    assert "next: tagline check stickers.lst --labels labels.txt --images ." in done.stderr
    assert json.loads(Path("stickers.rejects.jsonl").read_text())["line"] == 4
    assert runner.invoke(app, ["check", "stickers.lst", "--labels", "labels.txt"]).exit_code == 0


def test_labels_that_stay_the_same_are_no_obstacle(table: Path) -> None:
    assert runner.invoke(app, ["convert", str(table)]).exit_code == 0
    again = written(Path("more.csv"), TABLE)
    done = runner.invoke(app, ["convert", str(again)])
    assert done.exit_code == 0, done.stderr
    written(Path("labels.txt"), "other\n")
    done = runner.invoke(app, ["convert", str(written(Path("third.csv"), TABLE))])
    assert "labels.txt exists: --force replaces it" in done.stderr
    assert not Path("third.lst").exists()


def test_a_list_that_is_made_for_the_while_is_not_said_to_be_written(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with as_list(table, None, wanted=True) as (made, _):
        assert made.is_file()
    said = capsys.readouterr().err
    assert str(made) not in said
    assert "Written" not in said
    assert "`tagline convert stickers.csv` would keep the list" in said


def test_all_of_it_as_json(table: Path) -> None:
    done = runner.invoke(app, ["convert", str(table), "--json", "-o", "out"])
    told = json.loads(done.stdout)
    assert told["guessed"]["images"] == "column 'filename'"
    assert told["guessed"]["taken_for"] == "a table (CSV)"
    assert told["tags"] == {"black": 1, "cat": 1, "dog": 1}
    assert told["verdicts"] | {"first": None} == {
        "entries": 3, "taken": 2, "merged": 0, "refused": 1,
        "reasons": {"absolute_path": 1}, "first": None,
    }  # fmt: skip
    assert told["verdicts"]["first"]["absolute_path"][0]["line"] == 4
    assert told["files"] == ["out/stickers.lst", "out/labels.txt", "out/stickers.rejects.jsonl"]


def test_wishes_by_options_and_by_a_file(table: Path) -> None:
    written(Path("names.txt"), "cat\tFelis catus\ndog=hound\n")
    done = runner.invoke(
        app,
        ["convert", str(table), "--rename", "names.txt", "--merge", "black, Felis=x", "--json"],
    )
    assert done.exit_code == 1
    assert "--merge 'Felis': no image has this tag" in done.stderr
    done = runner.invoke(app, ["convert", str(table), "--rename", "names.txt", "--json"])
    assert list(json.loads(done.stdout)["tags"]) == ["Felis catus", "black", "hound"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--rename", "cat"], "--rename 'cat': expected old=new"),
        (["--merge", "cat="], "--merge 'cat=': expected a,b=c"),
        (["--rename", "cat=a", "--rename", "cat=b"], "the tag 'cat' is renamed twice"),
        (["--source", "bucket/x"], "--source 'bucket/x': expected s3://bucket/prefix/"),
        (["--ending", "jpg"], "--ending 'jpg': expected a dot and letters"),
        (["--tolerance", "0"], "1 of 3 entries cannot be taken"),
        (["--from", "coco"], "nothing in it, read as COCO's JSON"),
    ],
)
def test_what_cannot_be_done_is_one_line(options: list[str], said: str, table: Path) -> None:
    done = runner.invoke(app, ["convert", str(table), *options])
    assert done.exit_code == 1
    assert said in done.stderr
    assert not Path("stickers.lst").exists()


def test_check_says_the_one_command(table: Path) -> None:
    done = runner.invoke(app, ["check", str(table)])
    assert done.exit_code == 1
    assert "it is a table (CSV): `tagline convert stickers.csv` makes stickers.lst" in done.stderr
    written(Path("set/cat/a.png"), b"")
    done = runner.invoke(app, ["check", "set"])
    assert done.exit_code == 1
    assert (
        "set is a folder, no list; it is a folder per class: `tagline convert set`" in done.stderr
    )


def test_check_says_it_of_tabs_and_numbers_too(tmp_path: Path) -> None:
    source = written(tmp_path / "s.tsv", "file\tcat\tdog\na.png\t0\t1\nb.png\t1\t0\n")
    assert "it is a table (CSV)" in runner.invoke(app, ["check", str(source)]).stderr


def test_drop_says_it_and_offers_to_do_it(table: Path) -> None:
    assert "`tagline convert stickers.csv`" in or_convert(table)
    assert or_convert(table).endswith("and `--convert` here does both")
    assert or_convert(written(Path("x.lst"), "nothing of the kind\n")) == ""
    with as_list(table, None, wanted=True) as (made, names):
        assert made.name == "stickers.lst"
        assert names is not None
        assert names.read_text() == "black\ncat\ndog\n"
    assert not made.exists()
    with pytest.raises(Refused, match="leave --labels out"), as_list(table, table, wanted=True):
        pass
