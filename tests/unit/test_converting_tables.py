"""Tables as people keep them: what is guessed, what is refused, and in which words."""

import json
from pathlib import Path

import pytest

from tagline.converting.entries import Asked, Unconvertible
from tagline.converting.paths import Paths
from tests.unit.converting import converted, made, rejects, rows, written

PLAIN = {"a.png": {"cat", "black"}, "b.png": {"dog"}}


@pytest.mark.parametrize(
    "text",
    [
        "filename,tags\na.png,cat|black\nb.png,dog\n",
        "filename;tags\r\na.png;cat,black\r\nb.png;dog\r\n",
        "tags\tfile\ncat;black\ta.png\ndog\tb.png\n",
        'Image Path,Labels\na.png,"cat, black"\nb.png,dog\n',
        "sep=;\nfile;tags\na.png;cat|black\nb.png;dog\n",
        "\ufefffile,tags\na.png,black|cat\nb.png,dog\n",
        "a.png,cat|black\nb.png,dog\n",  # no header
        'file,tags\na.png,"[""cat"", ""black""]"\nb.png,"[""dog""]"\n',
        'file,tags\na.png,"[""cat"", ""black""]"\nb.png,\nb.png,"[""dog""]"\n',
        "file,tags\na.png,\"['cat', 'black']\"\nb.png,['dog']\n",  # as pandas writes lists
        "file,tag\na.png,cat\na.png,black\nb.png,dog\n",  # a row for each tag
        "file,black,cat,dog\na.png,1,1,0\nb.png,0,0,1\n",
        "file,width,black,cat,dog\na.png,1,true,TRUE,false\nb.png,1,False,false,True\n",
        "file;black;cat;dog\na.png;x;X;\nb.png;;;x\n",
        "filename, black, cat, dog\na.png, 1, 1, 0\nb.png, 0, 0, 1\n",  # Roboflow's blanks
        ",file,black,cat,dog\n0,a.png,1.0,1.0,0.0\n1,b.png,0.0,0.0,1.0\n",  # pandas' index
        # of `tagline tag --csv`
        "image,tags,scores,run,error\na.png,cat|black,0.9|0.8,r,\nb.png,dog,0.7,r,\n",
        'image,tags\r\na.png,"cat\nblack"\r\nb.png,dog\r\n',  # as Alt and Enter leave it in Excel
        "file,label,black,cat,dog\na.png,0,1,1,0\nb.png,0,0,0,1\n".replace("label", "split"),
        '"file","tags"\n\n"a.png","cat|black"\n"b.png","dog"\n',
    ],
)
def test_the_same_table_in_many_forms(text: str, tmp_path: Path) -> None:
    assert converted(written(tmp_path / "s.csv", text)) == PLAIN


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_encodings_are_told_apart(encoding: str, tmp_path: Path) -> None:
    text = "file,tags\nÄpfel/a.png,grün|süß\n" + "b.png,rot\n" * 3
    rows = converted(written(tmp_path / "s.csv", text.encode(encoding)))
    assert rows == {"Äpfel/a.png": {"grün", "süß"}, "b.png": {"rot"}}


def test_what_was_guessed_is_told(tmp_path: Path) -> None:
    text = "file;w;tags\na.png;3;cat|black\nb.png;4;dog\n".encode("cp1252")
    report, _ = made(written(tmp_path / "s.csv", text))
    assert report.guessed == {
        "Taken for": "a table (CSV)",
        "Separator": "semicolons",
        "Encoding": "UTF-8",
        "Images": "column 'file'",
        "Tags": "column 'tags', separated by '|'",
        "Left out": "w",
        "Header": "the first row",
    }


def test_a_persons_word_goes_before_any_guess(tmp_path: Path) -> None:
    source = written(
        tmp_path / "s.csv", "id,thumb,pic,note,mood\n1,t.png,a,red blue,x y\n2,u.png,b,red,z\n"
    )
    asked = Asked(
        file_column="pic",
        tags_columns=("4",),
        tags_separator=" ",
        paths=Paths(ending=".jpg"),
    )
    assert converted(source, asked=asked) == {"a.jpg": {"red", "blue"}, "b.jpg": {"red"}}


def test_tags_of_chosen_columns_only(tmp_path: Path) -> None:
    source = written(tmp_path / "s.csv", "file,cat,dog,train\na.png,1,0,1\nb.png,0,1,1\n")
    rows = converted(source, asked=Asked(tags_columns=("cat", "dog")))
    assert rows == {"a.png": {"cat"}, "b.png": {"dog"}}


def test_every_line_has_its_verdict(tmp_path: Path) -> None:
    good = [f"g{i}.png,cat" for i in range(9)]
    bad = {
        "/home/me/x.png,cat": "absolute_path",
        r"C:\pics\x.png,cat": "absolute_path",
        "../x.png,cat": "bad_path",
        "https://x.org/x.png,cat": "web_address",
        ",cat": "no_path",
        "x.png,cat,more": "wrong_columns",
        "x\x01.png,cat": "bad_path",
        "x.png,c\x07at": "bad_tag",
        f"x.png,{'long' * 40}": "bad_tag",
    }
    source = written(tmp_path / "s.csv", "\n".join(["file,tags", *good, *bad]) + "\n")
    report, outputs = made(source)
    assert {(told["line"], told["why"]) for told in rejects(outputs)} == {
        (line, why) for line, why in enumerate(bad.values(), 11)
    }
    verdicts = report.verdicts
    assert (verdicts.entries, verdicts.taken, verdicts.refused) == (18, 9, 9)
    details = {told["why"]: told["detail"] for told in rejects(outputs)}
    assert "--root" in details["absolute_path"]
    assert "download the images" in details["web_address"]
    assert "U+0007" in details["bad_tag"] or "128" in details["bad_tag"]


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    text = 'file,tags\n\n"a\n.png",x\nb.png,x\nc.png,y\n/d.png,z\n'
    _, outputs = made(written(tmp_path / "s.csv", text))
    assert [told["line"] for told in rejects(outputs)] == [3, 7]


def test_absolute_paths_below_a_root(tmp_path: Path) -> None:
    text = "file,tags\n/data/pics/cats/a.png,cat\n/data/pics/../b.png,dog\n/data/picsb.png,dog\n"
    asked = Asked(paths=Paths(root="/data/pics/"))
    source = written(tmp_path / "s.csv", text)
    assert converted(source, asked=asked, tolerance=1.0) == {"cats/a.png": {"cat"}}


def test_windows_paths_become_paths(tmp_path: Path) -> None:
    text = "file,tags\n.\\cats\\a.png,cat\nC:\\pics\\b.png,dog\n"
    asked = Asked(paths=Paths(root="C:\\pics"))
    rows = converted(written(tmp_path / "s.csv", text), asked=asked)
    assert rows == {"cats/a.png": {"cat"}, "b.png": {"dog"}}


def test_blanks_round_tags_and_empty_tags_do_not_count(tmp_path: Path) -> None:
    rows = converted(written(tmp_path / "s.csv", "file,tags\n a.png , cat | |black|\nb.png,\n"))
    assert rows == {"a.png": {"cat", "black"}, "b.png": set()}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("file,tags\n", "no rows, only a header"),
        ("just some words\nand more\n", "a table has an image and its tags a line"),
        ("a,b,c\n1,2,3\n", "(columns: a, b, c); say which one does: --file-column NAME"),
        ("file,note,mood\na.png,q w,z\nb.png,e,t\n", "--tags-column NAME"),
        ("file,tags,file\na.png,cat,b.png\n", "two columns are called 'file'"),
        ('file,tags\na.png,"cat\nb.png,dog\n', "line 2"),
        (b"file,tags\n\xc3\xa4.png,cat\n\xe4.png,dog\n", "line 3: not UTF-8"),
        ("file,tags\na.png," + "x" * (1 << 20) + "\n", "longer than 1 MiB"),
        ("file,cat,dog\n" + "a.png,2,1\n" * 2 + "b.png,0,7\n", "column 'cat' holds '2'"),
        ("file,tags\n/a.png,x\n/b.png,y\n", "2 of 2 entries cannot be taken, 2 for absolute_path"),
        ("file,tags\na.png,\nb.png,\n", "there is no tag"),
        (b"\x89PNG\r\n\x1a\n", "a PNG image, which tells no tags"),
        (b"PK\x03\x04", "save a sheet as CSV, unpack an archive and give its folder"),
        (b"\x1f\x8b\x08", "gzip"),
        ("<!doctype html><html>", "a web page"),
    ],
)
def test_nonsense_is_refused_with_what_to_do(text: str | bytes, said: str, tmp_path: Path) -> None:
    source = written(tmp_path / "s.csv", text)
    asked = Asked(tags_columns=("cat", "dog")) if "cat,dog" in str(text)[:20] else Asked()
    with pytest.raises(Unconvertible) as refused:
        made(source, asked)
    assert said in str(refused.value)
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_a_column_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    source = written(tmp_path / "s.csv", "file,tags\na.png,cat\n")
    with pytest.raises(Unconvertible, match=r"'fiel': no such column; there are file, tags"):
        made(source, Asked(file_column="fiel"))
    with pytest.raises(Unconvertible, match="Python knows no such encoding"):
        made(source, Asked(encoding="latin-99"))


def test_the_number_of_a_class_is_a_tag(tmp_path: Path) -> None:
    rows = converted(written(tmp_path / "s.csv", "file,label\na.png,0\nb.png,1\n"))
    assert rows == {"a.png": {"0"}, "b.png": {"1"}}


def test_a_rare_tags_column_may_begin_with_blanks(tmp_path: Path) -> None:
    lines = [f"{i}.png,x," for i in range(1500)] + ["last.png,,x"]
    rows = converted(written(tmp_path / "s.csv", "\n".join(["file,cat,rare", *lines]) + "\n"))
    assert rows["last.png"] == {"rare"}


def test_tags_with_blanks_are_told_and_can_be_split(tmp_path: Path) -> None:
    source = written(tmp_path / "s.csv", "image_name,tags\na,haze primary\nb,clear water\n")
    report, _ = made(source)
    assert any("--tags-sep ' '" in note for note in report.notes)
    assert any("--ending .jpg" in note for note in report.notes)
    assert set(report.tags) == {"haze primary", "clear water"}


def test_parquet_with_text_lists_and_flags(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "s.parquet"
    told = {"file": ["a.png", "b.png"], "tags": [["cat", "black"], ["dog"]], "n": [1, 2]}
    parquet.write_table(pyarrow.table(told), path)
    assert converted(path) == PLAIN
    told = {"file": ["a.png", "b.png"], "tags": ["cat|black", "dog"]}
    parquet.write_table(pyarrow.table(told), path)
    assert converted(path) == PLAIN
    flags = {"file": ["a.png", "b.png"], "black": [True, False], "cat": [1, 0], "dog": [0.0, 1.0]}
    parquet.write_table(pyarrow.table(flags), path)
    assert converted(path) == PLAIN
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(Unconvertible, match="damaged Parquet file"):
        made(path)


def test_json_lines(tmp_path: Path) -> None:
    told = [
        '{"file_name": "a.png", "tags": ["cat", "black"], "width": 3}',
        '{"tags": ["dog"], "file_name": "b.png"}',
    ]
    assert converted(written(tmp_path / "s.jsonl", "\n".join(told))) == PLAIN
    told = [  # of `tagline tag --jsonl`
        '{"image": "a.png", "tags": [{"label": "cat", "score": 0.9}, {"label": "black"}]}',
        '{"image": "b.png", "tags": [{"label": "dog", "score": 0.7}]}',
    ]
    assert converted(written(tmp_path / "s.jsonl", "\n".join(told) + "\n")) == PLAIN
    flags = '{"file": "a.png", "cat": true, "dog": false}\n{"file": "b.png", "dog": true}\n'
    assert converted(written(tmp_path / "s.jsonl", flags))["b.png"] == {"dog"}
    for bad in ("{broken", "[1]"):
        with pytest.raises(Unconvertible, match="line 3: no JSON object"):
            made(written(tmp_path / "s.jsonl", "\n".join([*told, bad])))


ANSWERED = [
    '{"image": "a.png", "tags": ["cat"]}',
    '{"image": "b.png", "error": "503 busy"}',
    '{"image": "c.png", "tags": []}',
]
BATCHED = [
    '{"path": "a.png", "verdict": "tagged", "tags": [{"label": "cat"}], "reason": null}',
    '{"path": "b.png", "verdict": "rejected", "tags": [], "reason": "busy"}',
    '{"path": "c.png", "verdict": "tagged", "tags": [], "reason": null}',
]


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("s.csv", ["image,tags,run,error", "a.png,cat,r,", "b.png,,,503 busy", "c.png,,r,"]),
        ("s.jsonl", ANSWERED),
        ("s.tags.jsonl", BATCHED),
    ],
)
def test_an_image_that_got_no_answer_is_not_one_without_tags(
    tmp_path: Path, name: str, lines: list[str]
) -> None:
    _, outputs = made(written(tmp_path / name, "\n".join(lines)))
    assert rows(outputs) == {"a.png": {"cat"}, "c.png": set()}
    (refused,) = rejects(outputs)
    assert refused["why"] == "not_annotated"
    assert "busy" in refused["detail"]


def test_without_pyarrow_the_words_are_clear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(Unconvertible, match=r"pip install 'tagline\[parquet\]', or save the table"):
        made(written(tmp_path / "s.parquet", b"PAR1" + b"\0" * 30))


def test_the_rejects_of_an_earlier_conversion_do_not_stay(tmp_path: Path) -> None:
    source = written(tmp_path / "s.csv", "file,tags\na.png,cat\nb.png,cat\n/c.png,cat\n")
    _, outputs = made(source)
    assert json.loads(outputs.rejects.read_text())["line"] == 4
    written(source, "file,tags\na.png,cat\n")
    made(source)
    assert not outputs.rejects.exists()
