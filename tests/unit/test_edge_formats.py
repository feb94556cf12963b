"""What is signed has one text, versions grow with promotions, and paths stay within the archive."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tagline.formats.document import UnreadableDocument
from tagline.formats.edge import FileName, Statement, read_statement, statement_text
from tagline.formats.edge_keys import EdgeKeys, edge_version, version_order
from tagline.formats.names import InvalidName
from tagline.settings import InvalidSettings, load_settings

STATEMENT = Statement(bytes=7, dataset="trash", sha256="ab" * 32, version="1.261127.42210")
TEXT = f'{{"bytes":7,"dataset":"trash","sha256":"{"ab" * 32}","version":"1.261127.42210"}}'


def test_a_statement_has_one_text() -> None:
    assert statement_text(STATEMENT) == TEXT
    assert read_statement(TEXT, "x") == STATEMENT
    for other in (f" {TEXT}", TEXT.replace(":7", ": 7"), TEXT.replace("}", ',"more":1}')):
        with pytest.raises(UnreadableDocument, match="not in order, or there are blanks"):
            read_statement(other, "x")
    with pytest.raises(UnreadableDocument, match=r"x: sha256: .*0-9a-f"):
        read_statement(TEXT.replace("ab", "AB"), "x")


def test_versions_are_named_by_the_time_of_the_promotion() -> None:
    assert edge_version("2026-11-27T11:43:30Z") == "1.261127.42210"
    assert edge_version("2026-11-27T00:00:00Z") == "1.261127.0"
    assert EdgeKeys("trash").model("1.261127.0") == "trash/edge/1.261127.0/model.zip"
    for wrong in ("1.261127.01", "2.261127.1", "1.26112.1", "../1.261127.1", ""):
        with pytest.raises(InvalidName):
            EdgeKeys("trash").release(wrong)


@given(some.datetimes(), some.datetimes())
def test_versions_grow_with_promotions(one: object, other: object) -> None:
    first, second = sorted(f"{at:%Y-%m-%dT%H:%M:%S}Z".rjust(20, "0") for at in (one, other))
    if first[2:] >= second[2:] or first[:2] != second[:2]:
        return  # a century has each version once
    assert version_order(edge_version(first)) < version_order(edge_version(second))


@pytest.mark.parametrize("path", ["/x", "../x", "a/../b", "a//b", "a/", ".", "a/..", "a\\b", ""])
def test_a_path_that_leaves_the_archive_is_refused(path: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(path, FileName)
    assert msgspec.convert("smoke/0.jpg", FileName) == "smoke/0.jpg"


def test_the_settings_of_devices() -> None:
    edge = load_settings("edge: {targets: [sorters, 'hall:2'], int8: true, by: jobs}").edge
    assert (edge.targets, edge.int8, edge.by) == (("sorters", "hall:2"), True, "jobs")
    for wrong in ("[a b]", "['']", "x", "[../x]"):
        with pytest.raises(InvalidSettings, match=r"edge\.targets"):
            load_settings(f"edge: {{targets: {wrong}}}")
    with pytest.raises(InvalidSettings, match=r"edge\.by"):
        load_settings("edge: {by: mail}")
