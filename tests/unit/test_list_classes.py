"""Lists with one column of classes, and rows of which each has exactly one label."""

import gzip
import io
from collections.abc import Sequence

import pytest

from tagline.formats.reasons import Reason, UnusableList
from tagline.formats.rows import Reject
from tagline.formats.tasks import AskedTask, Task
from tagline.listing.classes import MAX_CLASSES, check_class_count
from tagline.listing.list_file import read_rows
from tagline.listing.rows import Row
from tagline.listing.sources import Source
from tagline.listing.survey import Survey, survey_list
from tagline.listing.tasks import TaskTeller, task_of

SOURCE = Source.of_dataset("demo", "data", None, ())
CLASSES = b"0\t2\ta.png\n1\t0\tb c.png\n2\t1\t\xc3\xa4.png\n3\t2\td.png\n"
ONE_COLUMN = b"0\t1\ta.png\n1\t0\tb.png\n2\t1\tc.png\n"
ONE_HOT = b"0\t1\t0\ta.png\n1\t0\t1\tb.png\n2\t1\t0\tc.png\n"


def judged(
    data: bytes, names: Sequence[str] | None = None, task: AskedTask = "auto"
) -> tuple[Survey, list[Row | Reject]]:
    stream = io.BytesIO(data)
    survey = survey_list(stream, names, task)
    return survey, list(read_rows(stream, survey, SOURCE))


def labels(found: Sequence[Row | Reject]) -> list[bytes | Reason]:
    return [row.labels if isinstance(row, Row) else row.reason for row in found]


@pytest.mark.parametrize(
    "data",
    [
        CLASSES,
        CLASSES.replace(b"\n", b"\r\n"),
        gzip.compress(CLASSES, mtime=0),
        CLASSES.replace(b"\t2\t", b"\t2.000000\t").replace(b"\t0\t", b"\t0.0\t"),
        CLASSES.replace(b"\t2\t", b" \t 02. \t/"),
        b"\xef\xbb\xbf" + CLASSES,
    ],
)
def test_a_column_of_whole_numbers_is_read_as_classes(data: bytes) -> None:
    survey, found = judged(data)
    assert (survey.label_count, survey.classes) == (3, True)
    assert labels(found) == [b"001", b"100", b"010", b"001"]
    assert [row.path.removeprefix("/") for row in found if isinstance(row, Row)][1:3] == [
        "b c.png",
        "ä.png",
    ]


def test_a_class_without_images_has_a_label_all_the_same() -> None:
    survey, found = judged(b"0\t0\ta.png\n1\t4\tb.png\n")
    assert survey.label_count == 5
    assert labels(found) == [b"10000", b"00001"]


@pytest.mark.parametrize(
    ("names", "task", "classes"),
    [
        (None, "auto", False),
        (None, "multi", False),
        (None, "single", True),
        (["a"], "auto", False),
        (["a", "b"], "auto", True),
        (["a", "b"], "multi", True),
        (["a", "b", "c"], "single", True),
    ],
)
def test_a_column_of_0_and_1_is_of_classes_where_names_or_the_task_say_so(
    names: list[str] | None, task: AskedTask, classes: bool
) -> None:
    survey, found = judged(ONE_COLUMN, names, task)
    assert survey.classes is classes
    assert survey.label_count == (len(names or "ab") if classes else 1)
    assert all(isinstance(row, Row) for row in found)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (b"-1", "the class is '-1': a class is a whole number from 0 on"),
        (b"0.5", "the class is '0.5'"),
        (b"2.01", "the class is '2.01'"),
        (b"1e0", "the class is '1e0'"),
        (b"nan", "the class is 'nan'"),
        (b"", "the class is ''"),
        (b"3", "the class is '3': there are 3 labels, of the classes 0 to 2; the first is 0"),
        (b"%d" % MAX_CLASSES, "below 10,000"),
        (b"9" * 400, "below 10,000"),
    ],
)
def test_what_is_no_class_is_rejected_with_its_line(field: bytes, said: str) -> None:
    _, found = judged(CLASSES + b"9\t" + field + b"\te.png\n", ["x", "y", "z"])
    reject = found[-1]
    assert isinstance(reject, Reject)
    assert (reject.line, reject.id, reject.path, reject.reason) == (
        *(5, 9, "e.png"),
        Reason.BAD_CLASS,
    )
    assert said in reject.detail


def test_a_huge_class_makes_no_labels() -> None:
    survey, found = judged(CLASSES + b"9\t4000000000\te.png\n8\t%d\tf.png\n" % 10**30)
    assert survey.label_count == 3
    assert labels(found)[-2:] == [Reason.BAD_CLASS] * 2


def test_classes_of_very_many_rows_are_bounded() -> None:
    rows = b"".join(b"%d\t%d\t%d.png\n" % (at, 9999 * (at % 2), at) for at in range(110_000))
    with pytest.raises(UnusableList, match=r"10,000 classes of 110,000 rows are more"):
        survey_list(io.BytesIO(rows))


@pytest.mark.parametrize(("count", "used", "rows"), [(9_000, 12, 155_000), (9_000, 9_000, 10**7)])
def test_classes_with_gaps_are_bounded_before_those_without(
    count: int, used: int, rows: int
) -> None:
    check_class_count(count, count, 155_000)
    check_class_count(334, 334, 10**8)
    with pytest.raises(UnusableList, match="number the classes from 0 without gaps"):
        check_class_count(count, used, rows)


def test_other_faults_of_rows_of_classes() -> None:
    lines = b"9\t1\t0\te.png\nx\t1\tf.png\n7\t1\n6\t2\t\n5\t1\ta.png\n4\t2\ta.png\n"
    good = CLASSES + b"".join(b"2%d\t1\t%d.png\n" % (at, at) for at in range(10))
    _, found = judged(good + b"3\t1\tg.png\n" + lines)
    assert labels(found)[14:] == [
        Reason.DUPLICATE_ID,
        Reason.WRONG_LABEL_COUNT,
        Reason.BAD_ID,
        Reason.BAD_PATH,
        Reason.BAD_PATH,
        Reason.CONFLICTING_LABELS,
        Reason.DUPLICATE_PATH,
    ]


def test_a_header_above_classes_is_one_reject() -> None:
    _, found = judged(b"id\tclass\tpath\n" + CLASSES)
    assert labels(found)[:2] == [Reason.HEADER_ROW, b"001"]


def test_a_row_without_exactly_one_label_is_rejected_under_task_single() -> None:
    data = ONE_HOT + b"3\t0\t0\td.png\n4\t1\t1\te.png\n5\t0\t1\te.png\n"
    _, found = judged(data, task="single")
    assert labels(found) == [b"10", b"01", b"10", *[Reason.NOT_ONE_LABEL] * 2, b"01"]
    said = [row for row in found if isinstance(row, Reject)]
    assert [(row.line, row.id, row.path) for row in said] == [(4, 3, "d.png"), (5, 4, "e.png")]
    assert "no label" in said[0].detail
    assert "2 labels, those of columns 1, 2" in said[1].detail
    assert Reason.NOT_ONE_LABEL not in labels(judged(data)[1])


@pytest.mark.parametrize(
    ("rows", "asked", "task"),
    [
        ([b"10", b"01"], "auto", Task.SINGLE),
        ([b"10", b"01"], "multi", Task.MULTI),
        ([b"10", b"10"], "auto", Task.MULTI),
        ([b"10", b"10"], "single", Task.SINGLE),
        ([b"10", b"01", b"00"], "auto", Task.MULTI),
        ([b"11", b"01", b"10"], "auto", Task.MULTI),
        ([b"1", b"1"], "auto", Task.MULTI),
        ([], "auto", Task.MULTI),
    ],
)
def test_the_task_that_rows_make(rows: list[bytes], asked: AskedTask, task: Task) -> None:
    assert task_of(asked, rows) is task


@pytest.mark.parametrize(("others", "said"), [(0, False), (1, True), (5, True), (6, False)])
def test_a_few_rows_that_keep_a_list_from_single_labels_are_told(others: int, said: bool) -> None:
    teller = TaskTeller("auto")
    for labels in [b"11"] * others + [b"10", b"01"] * 50:
        teller.add(labels)
    assert (teller.nearly_said is not None) is said
