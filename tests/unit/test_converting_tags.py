"""Names, counts, ids and what is told of them."""

from pathlib import Path

import pytest

from tagline.converting.convert import READERS
from tagline.converting.entries import MEANING, Asked, Unconvertible, Why
from tagline.converting.joining import scratch
from tagline.converting.outputs import Outputs, name_of
from tagline.converting.recognise import CALLED, convertible
from tagline.converting.store import SCHEMA, Store, image_id
from tagline.converting.vocabulary import Wishes
from tests.unit.converting import converted, made, rows, written

TABLE = "file,tags\na.png,cat|Cat\nb.png,kitten\nc.png,dog|cat\nd.png,dog|rare\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return written(tmp_path / "s.csv", TABLE)


def test_labels_come_in_the_alphabets_order(source: Path) -> None:
    report, _ = made(source)
    assert list(report.tags.items()) == [
        ("Cat", 1), ("cat", 2), ("dog", 2), ("kitten", 1), ("rare", 1)
    ]  # fmt: skip
    assert "are 'Cat' and 'cat' one tag? --merge 'Cat,cat=Cat'" in report.notes


def test_renamed_merged_and_rare_ones_left_out(source: Path) -> None:
    wishes = Wishes({"dog": "hound"}, [(("cat", "Cat", "kitten"), "cat")], min_count=2)
    report, outputs = made(source, wishes=wishes)
    assert rows(outputs) == {
        "a.png": {"cat"}, "b.png": {"cat"}, "c.png": {"cat", "hound"}, "d.png": {"hound"}
    }  # fmt: skip
    assert report.tags == {"cat": 3, "hound": 2}
    assert report.rare == {"rare": 1}


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        (Wishes({"cta": "x"}), r"--rename 'cta': no image has this tag; near to it: cat"),
        (Wishes({"dog": "cat"}), r"there is a tag 'cat' already.*--merge dog,cat=cat"),
        (Wishes(merged=[(("cat", "wolf"), "x")]), "--merge 'wolf': no image has this tag$"),
        (Wishes({"cat": "x"}, [(("cat",), "y")]), "'cat' is renamed or merged twice"),
        (Wishes(min_count=9), r"there is no tag on 9 images \(--min-count\)"),
    ],
)
def test_wishes_that_cannot_be_fulfilled(wishes: Wishes, said: str, source: Path) -> None:
    with pytest.raises(Unconvertible, match=said):
        made(source, wishes=wishes)


def ids(outputs: Outputs) -> dict[str, int]:
    lines = outputs.main.read_text().splitlines()
    return {line.rpartition("\t")[2]: int(line.partition("\t")[0]) for line in lines}


def test_ids_stay_whatever_rows_come_and_go(tmp_path: Path) -> None:
    head, *lines = TABLE.splitlines()
    before = ids(made(written(tmp_path / "s.csv", TABLE))[1])
    changed = "\n".join([head, "new.png,dog", *reversed(lines[1:])]) + "\n"
    after = ids(made(written(tmp_path / "s.csv", changed))[1])
    assert {path: after[path] for path in ("b.png", "c.png", "d.png")} == {
        path: before[path] for path in ("b.png", "c.png", "d.png")
    }


def test_a_converted_list_is_changed_and_converted_again_with_the_same_ids(source: Path) -> None:
    _, first = made(source)
    report, second = made(first.main, folder=source.parent / "again")
    assert first.main.read_bytes() == second.main.read_bytes()
    assert report.format == "list"
    _, third = made(first.main, wishes=Wishes({"dog": "hound"}), folder=source.parent / "more")
    assert ids(third) == ids(first)


def test_a_lists_own_ids_and_paths_stay(tmp_path: Path) -> None:
    text = "18446744073709551615\t1\t0\t/a\\b/ä.png\n7\t0\t1\ts3://bucket/x.png\nx\t0\t1\tc.png\n"
    source = written(tmp_path / "s.lst", text)
    written(tmp_path / "labels.txt", "cat\ndog\n")
    _, outputs = made(source)
    assert ids(outputs) == {"a\\b/ä.png": 2**64 - 1, "s3://bucket/x.png": 7}
    assert rows(outputs) == {"a\\b/ä.png": {"cat"}, "s3://bucket/x.png": {"dog"}}
    with pytest.raises(Exception, match=r"labels\.txt has 2 names"):
        made(written(tmp_path / "s.lst", "1\t0\t1\t1\ta.png\n2\t1\t1\t0\tb.png\n"))


def test_two_paths_with_one_id_are_told_apart_the_same_way() -> None:
    paths = [f"{number}.png" for number in range(40)]
    found = []
    for told in (paths, list(reversed(paths))):
        with scratch(SCHEMA) as base:
            store = Store(base, bits=8)
            assert not any(store.add(path, line, ["cat"]) for line, path in enumerate(told, 1))
            moved = {collision.moved for collision in store.settle_ids()}
            found.append({image.path: image.id for image in store.images()})
        assert moved
        assert all(found[-1][path] == image_id(path, bits=8) for path in paths if path not in moved)
    assert found[0] == found[1]
    assert len(set(found[0].values())) == len(paths)


def test_an_id_is_a_number_that_all_programs_read() -> None:
    assert image_id("cats/a.png") == 4308351967984028
    assert all(image_id(f"{n}.png") < 2**53 for n in range(1000))


def test_the_same_image_again_joins_its_tags(tmp_path: Path) -> None:
    source = written(tmp_path / "s.csv", "file,tags\na.png,cat\n./a.png,dog\nb.png,cat\n")
    report, outputs = made(source)
    assert rows(outputs) == {"a.png": {"cat", "dog"}, "b.png": {"cat"}}
    assert (report.verdicts.taken, report.verdicts.merged, report.verdicts.refused) == (2, 1, 0)
    assert report.verdicts.first["merged"][0].detail == ("its tags were joined to those of line 2")


def test_tags_in_the_other_unicode_form_are_one(tmp_path: Path) -> None:
    source = written(tmp_path / "s.csv", "file,tags\na.png,caf\u00e9\nb.png,cafe\u0301\n")
    assert made(source)[0].tags == {"caf\u00e9": 2}


def test_nothing_is_overwritten_unasked(source: Path) -> None:
    outputs = Outputs(source.parent, "s")
    outputs.check(source)
    written(source.parent / "labels.txt", "mine\n")
    outputs.check(source)
    outputs.check_labels(b"mine\n")
    with pytest.raises(Unconvertible, match=r"labels.txt exists: --force replaces it"):
        outputs.check_labels(b"yours\n")
    Outputs(source.parent, "s", force=True).check_labels(b"yours\n")
    written(source.parent / "s.lst", "mine\n")
    with pytest.raises(Unconvertible, match=r"s.lst exists: --force replaces it"):
        outputs.check(source)
    with pytest.raises(Unconvertible, match="is what is read: -o names another folder"):
        Outputs(source.parent, "s", "csv", force=True).check(source)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("pics/stickers.csv", "stickers"),
        ("pics/stickers.lst.gz", "stickers"),
        ("pics/_classes.csv", "pics"),
        ("pics/annotations.xml", "pics"),
    ],
)
def test_the_list_is_called_as_its_source(path: str, name: str, tmp_path: Path) -> None:
    assert name_of(tmp_path / path) == name


def test_a_folders_list_is_called_as_the_folder(tmp_path: Path) -> None:
    (tmp_path / "pics.v2").mkdir()
    assert name_of(tmp_path / "pics.v2") == "pics.v2"
    assert name_of(Path("/")) == name_of(Path("/annotations.xml")) == "designs"


def test_captions_are_no_tags(tmp_path: Path) -> None:
    lines = [f"{n}.png,a picture of number {n}" for n in range(30)]
    report, _ = made(written(tmp_path / "s.csv", "\n".join(["file,caption", *lines])))
    assert any("are they captions?" in note for note in report.notes)


def test_every_format_and_every_code_has_its_words() -> None:
    assert READERS.keys() == CALLED.keys()
    assert MEANING.keys() == set(Why)


def test_a_list_that_is_none_for_another_reason_is_no_table(tmp_path: Path) -> None:
    assert convertible(written(tmp_path / "s.lst", "1,0,1,a.png\n2,1,0,b.png\n")) is None
    assert convertible(written(tmp_path / "s.lst", "1 0 1 a.png\n2 1 0 b.png\n")) is None
    assert convertible(written(tmp_path / "s.lst", "1\t0\t1\ta.png\n")) is None
    assert convertible(written(tmp_path / "s.csv", TABLE)) == "a table (CSV)"


def test_csv_of_tags_that_hold_separators_comes_back(tmp_path: Path) -> None:
    rows_of = {"a.png": {"red, blue", "x|y"}, "b.png": {"[z"}}
    text = 'file,tags\na.png,"[""red, blue"", ""x|y""]"\nb.png,"[""[z""]"\n'
    source = written(tmp_path / "s.csv", text)
    _, there = made(source, to="csv")
    assert converted(there.main, folder=tmp_path / "back") == rows_of


def test_a_manifest_needs_to_know_where_images_lie(source: Path) -> None:
    with pytest.raises(Unconvertible, match="--source s3://bucket/prefix/"):
        made(source, to="manifest")
    assert not list((source.parent / "out").iterdir())
    assert Asked().paths.source is None
