"""One row, one verdict; and the sums that a dataset must have before it may be used."""

import re

import numpy as np
import pytest

from im2rec.errors import PackFailed
from im2rec.run.accounting import Rejects, check_every_row_once, check_usable
from tagline.formats.packed import RecordFile, RecordFiles
from tagline.formats.reasons import Reason
from tagline.formats.rows import Reject
from tests.unit.documents import plan, settings


def rejects(*reasons: Reason) -> Rejects:
    return Rejects.of(
        Reject(line=line, id=line, path=f"{line}.png", reason=reason, detail=f"why {line}")
        for line, reason in enumerate(reasons, start=7)
    )


def files(train: int, validation: int) -> RecordFiles:
    return RecordFiles(
        train=RecordFile(images=train, bytes=9, sha256="a", positives=(1,)),
        validation=RecordFile(images=validation, bytes=9, sha256="b", positives=(1,)),
        test=RecordFile(images=0, bytes=0, sha256="c", positives=(0,)),
    )


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ((1, 2, 3), None),
        ((3, 1, 2), None),
        ((1, 2), "The list has 3 rows and 2 of them have a verdict."),
        ((1, 2, 3, 4), "The list has 3 rows and 4 of them have a verdict."),
        ((1, 3, 3, 2, 2, 2), "Line 2 has more than one verdict (2 such lines)."),
        ((1, 2, 2), "Line 2 has more than one verdict (1 such lines)."),
    ],
)
def test_each_row_has_one_verdict(lines: tuple[int, ...], told: str | None) -> None:
    if told is None:
        check_every_row_once(plan(rows=3), np.array(lines))
        return
    with pytest.raises(PackFailed, match=f"^{re.escape(told)}$"):
        check_every_row_once(plan(rows=3), np.array(lines))


def test_as_many_rows_may_be_rejected_as_the_settings_allow() -> None:
    made = plan(rows=8, settings=settings(tolerance={"rejected": 0.25}))
    check_usable(made, rejects(), files(1, 1))
    check_usable(made, rejects(Reason.BAD_ID, Reason.BAD_ID), files(1, 1))
    with pytest.raises(PackFailed) as caught:
        check_usable(made, rejects(Reason.BAD_ID, Reason.BAD_LABEL, Reason.BAD_LABEL), files(1, 1))
    assert str(caught.value) == (
        "3 of 8 rows were rejected; tolerance.rejected allows 25%. "
        "Reasons: 2 x bad_label (a label is neither 0 nor 1, or tabs and commas between labels are "
        "mixed), "
        "1 x bad_id (the id is not an integer from 0 to 2^64-1). First: line 7, 7.png: why 7."
    )


def test_three_reasons_are_told_of_many() -> None:
    made = plan(rows=4, settings=settings(tolerance={"rejected": 0}))
    four = rejects(Reason.BAD_ID, Reason.BAD_LABEL, Reason.BAD_PATH, Reason.EMPTY_OBJECT)
    with pytest.raises(
        PackFailed, match=r"1 x bad_id \(.*, 1 x bad_label .*, 1 x bad_path"
    ) as told:
        check_usable(made, four, files(1, 1))
    assert "empty_object" not in str(told.value)


@pytest.mark.parametrize(
    ("left", "channel"), [((0, 5), "training"), ((5, 0), "validation"), ((0, 0), "training")]
)
def test_each_side_needs_an_image(left: tuple[int, int], channel: str) -> None:
    told = f"No image is left for {channel}: 1 of 8 rows were rejected. Reasons: 1 x bad_id "
    with pytest.raises(PackFailed, match=f"^{told}"):
        check_usable(plan(rows=8), rejects(Reason.BAD_ID), files(*left))
    told = f"No image is left for {channel}: 0 of 8 rows were rejected. Add images to the list or "
    with pytest.raises(PackFailed, match=rf"^{told}change split\.validation in dataset\.yaml\.$"):
        check_usable(plan(rows=8), rejects(), files(*left))
