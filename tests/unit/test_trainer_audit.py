"""Which rows the model doubts, and which row a record is."""

from pathlib import Path

import numpy as np
import pytest

from tagline.formats.document import encode_record
from tagline.formats.reasons import Reason
from tagline.formats.rows import Side, Verdict
from tagline.formats.suspects import Doubt
from tests.unit.report_world import LABELS, evaluation, rows_of
from trainer.audit import suspects
from trainer.contract import JobRefused
from trainer.listed import listed


def test_a_doubted_row_has_its_line_path_side_and_labels() -> None:
    found = evaluation()
    assert found.validation is not None
    rows = suspects(found, rows_of(found))
    assert len(rows) > 3
    assert [row.doubt for row in rows] == sorted((row.doubt for row in rows), reverse=True)
    assert {row.split for row in rows} == {Side.TEST, Side.VALIDATION}
    for row in rows:
        test = row.id < 120
        assert (row.line, row.path) == (1000 + row.id, f"folder/<i>{row.id}.png")
        assert row.split is (Side.TEST if test else Side.VALIDATION)
        scores = found.challenger.scores if test else found.validation.scores
        truth = found.truth if test else found.validation.truth
        for doubt in row.labels:
            at = row.id % 120, LABELS.index(doubt.label)
            assert doubt.given == truth[at]
            assert doubt.score == pytest.approx(scores[at], abs=1e-6)
            assert doubt.given == (doubt.score < found.thresholds.values[at[1]])
        assert row.doubt == pytest.approx(max(map(doubted, row.labels)))


def doubted(doubt: Doubt) -> float:
    return 1 - doubt.score if doubt.given else doubt.score


def test_a_wrong_label_is_found_and_no_more_rows_than_anybody_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = evaluation(champion=False)
    clear = np.argmax(found.challenger.scores[:, 0] * (found.truth[:, 0] > 0))
    found.truth[clear, 0] = 0
    rows = suspects(found, rows_of(found))
    named = next(row for row in rows if row.id == clear)
    assert any(doubt.label == "red" and not doubt.given for doubt in named.labels)
    monkeypatch.setattr("trainer.audit._ROWS", 2)
    assert suspects(found, rows_of(found)) == rows[:2]


def write(path: Path, *verdicts: Verdict) -> Path:
    path.write_bytes(b"".join(map(encode_record, verdicts)))
    return path


def test_a_record_is_the_accepted_row_with_its_id(tmp_path: Path) -> None:
    first = Verdict(line=1, id=7, path="a.png", verdict="rejected", reason=Reason.MISSING_OBJECT)
    second = Verdict(line=2, id=7, path="b.png", verdict="accepted")
    third = Verdict(line=3, id=8, path="c.png", verdict="accepted")
    path = write(tmp_path / "verdicts.jsonl", first, second, third)
    assert listed(path, [7]) == {7: second}
    path.unlink()  # of a long list, partitions lie in its place
    write(tmp_path / "00000.jsonl", first, second)
    write(tmp_path / "00001.jsonl", third)
    assert listed(path, [7, 8]) == {7: second, 8: third}
    path = write(path, first, second, third)
    with pytest.raises(JobRefused, match=r"verdicts\.jsonl has no accepted row with id 9"):
        listed(path, [8, 9])


def test_a_file_that_is_missing_or_damaged_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "verdicts"
    folder.mkdir()
    with pytest.raises(JobRefused, match=r"input 'verdicts' has no file verdicts\.jsonl"):
        listed(folder / "verdicts.jsonl", [1])
    (folder / "verdicts.jsonl").write_text("{}\n")
    with pytest.raises(JobRefused, match=r"verdicts\.jsonl, line 1"):
        listed(folder / "verdicts.jsonl", [1])
