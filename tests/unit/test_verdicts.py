"""Rows and what became of them: nothing of a row is lost on the way into a verdict."""

import pytest

from tagline.formats.reasons import MEANING, Reason
from tagline.formats.rows import FetchVerdict, PlannedRow, Reject, Side, Verdict

ROW = PlannedRow(
    line=7,
    id=2**64 - 1,
    path="images/ä.png",
    bucket="pictures",
    key="site/images/ä.png",
    etag="e1",
    size=9,
    labels="010",
    split=Side.VALIDATION,
)
REJECT = Reject(line=3, id="x", path=None, reason=Reason.BAD_ID, detail="the id is 'x'")


def test_a_packed_row_is_accepted_on_its_side() -> None:
    verdict = Verdict.accepted(ROW)
    assert verdict == Verdict(
        line=7, id=2**64 - 1, path="images/ä.png", verdict="accepted", split=Side.VALIDATION
    )
    assert verdict.reject() is None


@pytest.mark.parametrize("row", [ROW, REJECT])
def test_a_row_that_stays_out_says_why(row: PlannedRow | Reject) -> None:
    verdict = Verdict.rejected(row, Reason.BAD_PATH, "too long")
    assert verdict == Verdict(
        line=row.line,
        id=row.id,
        path=row.path,
        verdict="rejected",
        split=None,
        reason=Reason.BAD_PATH,
        detail="too long",
    )
    told = Reject(
        line=row.line, id=row.id, path=row.path, reason=Reason.BAD_PATH, detail="too long"
    )
    assert verdict.reject() == told


def test_a_verdict_of_before_details_has_none() -> None:
    verdict = Verdict(line=1, id=1, path="a", verdict="rejected", reason=Reason.BAD_ID)
    found = verdict.reject()
    assert found is not None
    assert found.detail == ""


def test_a_row_without_a_fault_has_nothing_to_tell() -> None:
    assert FetchVerdict(line=1, id=2, path="a") == FetchVerdict(
        line=1, id=2, path="a", reason=None, detail=""
    )


def test_codes_are_stable_and_each_has_a_meaning() -> None:
    """Programs compare them: a code is never renamed and never used for something else."""
    assert [str(reason) for reason in Reason] == [
        "header_row",
        "line_too_long",
        "bad_encoding",
        "bad_id",
        "duplicate_id",
        "wrong_label_count",
        "bad_label",
        "bad_class",
        "not_one_label",
        "bad_path",
        "not_allowed_bucket",
        "duplicate_path",
        "conflicting_labels",
        "missing_object",
        "access_denied",
        "archived_object",
        "empty_object",
        "object_too_large",
        "object_changed",
        "unsupported_image",
        "undecodable_image",
        "animated_image",
        "too_many_pixels",
        "too_few_fields",
        "unknown_column",
        "bad_quoting",
        "bad_user",
        "bad_item",
        "bad_rating",
        "bad_timestamp",
        "low_rating",
        "duplicate_pair",
        "rare_user",
        "rare_item",
    ]
    assert set(MEANING) == set(Reason)
