"""`tagline check`'s report: rejects by reason and facts about the labels, with no cloud."""

import os
import threading
from pathlib import Path

import msgspec
import pytest

from tagline.formats import list_lines
from tagline.formats.reasons import Reason
from tagline.listing import checking
from tagline.listing.checking import CheckReport, check_list

LIST = b"1\t1\t0\t1\ta.png\n2\t1\t0\t0\tb.png\nx\t1\t0\t0\tc.png\n4\t1\t0\t0\td.png\n"


def check(
    folder: Path,
    data: bytes,
    names: str | None = None,
    settings: str | None = None,
    buckets: set[str] | None = None,
) -> CheckReport:
    paths: dict[str, Path | None] = {"names": None, "settings": None}
    for key, text in (("names", names), ("settings", settings)):
        if text is not None:
            path = folder / key
            path.write_text(text, encoding="utf-8")
            paths[key] = path
    path = folder / "list.lst"
    path.write_bytes(data)
    return check_list(path, paths["names"], paths["settings"], buckets)


def test_accounts_for_rows_and_labels(tmp_path: Path) -> None:
    report = check(tmp_path, LIST, "cat\ndog\nbird\n")
    assert report.usable
    assert (report.rows, report.accepted, report.rejected) == (4, 3, 1)
    assert report.reasons == {"bad_id": 1}
    assert report.first["bad_id"][0].line == 3
    assert report.labels is not None
    assert report.labels.positives == {"cat": 3, "dog": 0, "bird": 1}
    assert report.labels.never == ["dog"]
    assert report.labels.once == ["bird"]
    assert report.labels.always == ["cat"]
    assert report.labels.rows_without_label == 0
    plain = msgspec.to_builtins(report)
    assert plain["labels"]["named"] is True
    assert plain["first"]["bad_id"][0]["reason"] == "bad_id"


def test_counts_rows_without_a_label(tmp_path: Path) -> None:
    report = check(tmp_path, b"1\t0\t0\ta\n2\t0\t0\tb\n3\t0\t1\tc\n")
    assert report.labels is not None
    assert report.labels.rows_without_label == 2
    assert not report.labels.named
    assert list(report.labels.positives) == ["label_001", "label_002"]


def test_one_label_with_a_decimal_comma_is_not_taken_for_two(tmp_path: Path) -> None:
    data = b"".join(b"%d\t%d,0\t%d.png\n" % (i, i % 3 == 0, i) for i in range(30))
    report = check(tmp_path, data)
    assert not report.usable
    assert "1 with a decimal comma, or 2 of which every second" in report.problems[0]
    assert check(tmp_path, data, "cat\ndog\n").usable
    assert check(tmp_path, data + b"99\t0,1\t99.png\n").usable


def test_counts_positives_past_one_block(tmp_path: Path) -> None:
    data = b"".join(b"%d\t1\t%d\t%d.png\n" % (i, i % 3 == 0, i) for i in range(1000))
    report = check(tmp_path, data)
    assert report.labels is not None
    assert list(report.labels.positives.values()) == [1000, 334]


@pytest.mark.parametrize(
    ("names", "sentence"), [("a\nb\n", "has 2 names"), ("a\nb\nc\nd\n", "has 4 names")]
)
def test_tells_missing_and_superfluous_names(tmp_path: Path, names: str, sentence: str) -> None:
    report = check(tmp_path, LIST, names)
    assert not report.usable
    assert sentence in report.problems[0]
    assert report.accepted == 3


def test_tells_what_is_no_list_once(tmp_path: Path) -> None:
    report = check(tmp_path, b"1 0 1 a.png\n" * 1000)
    assert not report.usable
    assert len(report.problems) == 1
    assert report.rejected == 0


def test_reads_a_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def through_a_pipe(data: bytes) -> CheckReport:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        writer = threading.Thread(target=pipe.write_bytes, args=(data,))
        writer.start()
        report = check_list(pipe)
        writer.join()
        pipe.unlink()
        return report

    assert (through_a_pipe(LIST).accepted, through_a_pipe(LIST).rejected) == (3, 1)
    monkeypatch.setattr(checking, "MAX_LIST_BYTES", len(LIST) - 4)
    monkeypatch.setattr(list_lines, "MAX_LIST_BYTES", len(LIST) - 4)
    assert "larger than" in through_a_pipe(LIST).problems[0]


def test_tells_settings_and_tolerance(tmp_path: Path) -> None:
    assert "epochz" in check(tmp_path, LIST, settings="training: {epochz: 1}").problems[0]
    report = check(tmp_path, LIST, settings="tolerance: {rejected: 0.2}")
    assert "1 of 4 rows are rejected" in report.problems[0]
    nothing = check(tmp_path, b"x\t1\t0\ta.png\n" * 3)
    assert "no row can be used" in nothing.problems[0]
    assert len(nothing.first["bad_id"]) == 3


def test_checks_buckets_only_where_they_are_given(tmp_path: Path) -> None:
    data = LIST + b"5\t0\t0\t1\ts3://elsewhere/x.png\n"
    assert check(tmp_path, data).rejected == 1
    assert check(tmp_path, data, buckets={"pictures"}).reasons["not_allowed_bucket"] == 1


@pytest.mark.parametrize("row", ["{} \t {} \t /asset-image/{}.png\n", "{}\t{}\t/asset/{}.png\n"])
@pytest.mark.parametrize("separator", ["\t", ","])
def test_reads_lists_of_the_system_this_grew_from(tmp_path: Path, row: str, separator: str) -> None:
    labels = separator.join("1" if i in {3, 40} else "0" for i in range(334))
    data = "".join(row.format(51628 + i, labels, i) for i in range(40))
    report = check(tmp_path, data.encode())
    assert (report.accepted, report.rejected) == (40, 0)
    assert report.labels is not None
    assert report.labels.always == ["label_004", "label_041"]


@pytest.mark.parametrize(
    ("rows", "labelled", "settings", "told"),
    [
        (2, 2, "", "there are no test images, for which three images with a label are needed"),
        (40, 2, "", "there are no test images"),
        (3, 3, "", "only about 1 test image(s), which give no more than a rough idea"),
        (200, 200, "", "only about 20 test image(s)"),
        (200, 200, "split: {test: 0.2}", None),
        (290, 290, "", "only about 29 test image(s)"),
        (300, 300, "", "only about 30 test image(s) (25 may be left)"),
        (360, 360, "", None),
        (5, 5, "split: {test: 0}", None),
    ],
)
def test_a_small_split_is_told(
    tmp_path: Path, rows: int, labelled: int, settings: str, told: str | None
) -> None:
    data = "".join(f"{n}\t{int(n < labelled)}\t0\t{n}.png\n" for n in range(rows))
    warnings = check(tmp_path, data.encode(), settings=settings).warnings
    assert [told is not None and warning.startswith(told) for warning in warnings] == (
        [] if told is None else [True]
    )


def test_rows_whose_pictures_are_of_no_use_are_rejected_as_in_a_run(tmp_path: Path) -> None:
    path = tmp_path / "a.lst"
    path.write_bytes(
        b"0\t1\t1\t/a.png\n1\t1\t0\t./b.png\n2\t0\t1\tc.png\n3\t1\t1\ts3://other/c.png\n"
    )
    unusable = {
        "b.png": (Reason.UNDECODABLE_IMAGE, "no end"),
        "c.png": (Reason.MISSING_OBJECT, "no file"),
    }
    report = check_list(path, unusable=unusable)
    assert (report.rows, report.accepted, report.rejected) == (4, 2, 2)
    assert report.reasons == {"undecodable_image": 1, "missing_object": 1}
    assert report.first["undecodable_image"][0].line == 2
    assert report.labels is not None
    assert report.labels.always == ["label_001", "label_002"]
    gone = dict.fromkeys(("a.png", "b.png", "c.png"), (Reason.MISSING_OBJECT, "no file"))
    path.write_bytes(b"0\t1\ta.png\n1\t1\tb.png\n")
    assert check_list(path, unusable=gone).problems == ["no row can be used: all 2 are rejected"]
