"""Whatever a list holds, it comes back from each form that it is written in."""

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagline.converting.entries import Asked, Unconvertible
from tagline.converting.paths import BadPath, Paths
from tagline.converting.tags import clean_tags, guess_separator, safe_separator, split_tags
from tests.unit.converting import Rows, made, rows, written

SOURCE = "s3://bucket/some prefix/"
_PLAIN = st.characters(exclude_categories=["C", "Z"], exclude_characters="\u034f\\/")
NAMES = st.text(st.one_of(_PLAIN, st.sampled_from(" ,;|\"'[]{}=\t")), min_size=1, max_size=12).map(
    lambda text: "".join(clean_tags([text.replace("\t", " ")])) or "x"
)
PARTS = st.text(st.one_of(_PLAIN, st.sampled_from(' ,;|"%+')), min_size=1, max_size=8).map(
    lambda part: part.strip(" .") or "x"
)
PATHS = st.lists(PARTS, min_size=1, max_size=3).map(lambda parts: "/".join(parts) + ".png")


@st.composite
def lists(draw: st.DrawFn) -> tuple[list[str], Rows]:
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    told = draw(st.dictionaries(PATHS, st.sets(st.sampled_from(names)), min_size=1, max_size=8))
    return names, told


def as_list(folder: Path, names: list[str], told: Rows) -> Path:
    written(folder / "labels.txt", "".join(f"{name}\n" for name in names))
    lines = (
        "\t".join([str(at), *("01"[name in tags] for name in names), path]) + "\n"
        for at, (path, tags) in enumerate(told.items())
    )
    return written(folder / "set.lst", "".join(lines))


@pytest.mark.parametrize("to", ["list", "csv", "coco", "manifest"])
@settings(max_examples=30)
@given(lists())
def test_rows_and_labels_come_back(to: str, drawn: tuple[list[str], Rows]) -> None:
    names, told = drawn
    asked = Asked(paths=Paths(source=SOURCE))
    with TemporaryDirectory() as at:
        folder = Path(at)
        source = as_list(folder / "in", names, told)
        if not any(told.values()) and to in {"csv", "manifest"}:
            return  # neither can say which labels there are
        report, there = made(source, asked, to=to)
        assert report.verdicts.taken == len(told)
        back_report, back = made(there.main, asked, folder=folder / "back")
        assert rows(back) == told
        assert back.labels is not None
        found = back.labels.read_text(encoding="utf-8").split("\n")[:-1]
        used = {name for tags in told.values() for name in tags}
        assert found == names if to in {"list", "coco"} else set(found) == used
        assert back_report.verdicts.refused == back_report.verdicts.merged == 0


@given(st.lists(st.sets(NAMES, max_size=4), min_size=1, max_size=6))
def test_a_safe_separator_is_guessed_and_splits_alike(cells: list[set[str]]) -> None:
    names = sorted({name for tags in cells for name in tags})
    separator = safe_separator(names)
    if separator == "|":
        told = ["|".join(sorted(tags)) for tags in cells]
        guessed = guess_separator(told)
        assert [set(clean_tags(split_tags(cell, guessed))) for cell in told] == cells


@given(st.text(max_size=40))
def test_a_path_is_cleaned_once_and_for_all(text: str) -> None:
    try:
        path = Paths().clean(text)
    except BadPath:
        return
    assert Paths().clean(path) == path
    assert not path.startswith("/")
    assert ".." not in path.split("/")


@settings(max_examples=60)
@given(st.binary(max_size=200))
def test_no_file_at_all_makes_it_fall_over(data: bytes) -> None:
    with TemporaryDirectory() as at:
        source = written(Path(at) / "x", data)
        try:
            made(source)
        except Unconvertible:
            assert not (Path(at) / "out").exists() or not list((Path(at) / "out").iterdir())


@settings(max_examples=80)
@given(
    st.sampled_from(["[", "{", '{"images":[', '{"source-ref":', "<annotations>", "file,tags\n"]),
    st.text(st.sampled_from('{}[]":,\\ \nabx1<>/!&|'), max_size=60),
)
def test_nor_does_what_begins_well(start: str, rest: str) -> None:
    with TemporaryDirectory() as at:
        source = written(Path(at) / "x", start + rest)
        with suppress(Unconvertible):
            made(source)
