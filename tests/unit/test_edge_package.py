"""The archive's bytes depend on its files alone; int8 goes out only where the gate lets it."""

import hashlib
import io
import zipfile

import numpy as np
import pytest
from numpy.typing import NDArray

from tagline.formats.settings import Promotion
from tagline.formats.tasks import Task
from trainer.edge.verdict import Compared, judge
from trainer.edge.zipped import zipped


def test_a_zip_depends_on_its_files_alone() -> None:
    files = {"b/c": b"2", "a": b"1", "first": b"0"}
    made = zipped(files, "first")
    assert made == zipped(dict(reversed(files.items())), "first")
    assert hashlib.sha256(made).hexdigest() == (
        "5ee2f0dd0c2982c015618b17c2790a86d00e257761e66546df44330a5223effa"
    )
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.namelist() == ["first", "a", "b/c"]
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def compared(task: Task, noise: float, seed: int = 3) -> Compared:
    """Return scores of two models on 300 images; the second's have noise."""
    rng = np.random.default_rng(seed)
    truth = np.zeros((300, 4), np.uint8)
    truth[np.arange(300), rng.integers(0, 4, 300)] = 1
    fp32 = np.clip(truth * 0.6 + rng.random((300, 4)) * 0.35, 0, 1).astype(np.float32)
    int8: NDArray[np.float32] = np.clip(fp32 + rng.normal(0, noise, (300, 4)), 0, 1).astype(
        np.float32
    )
    return Compared(fp32, int8, truth, np.full(4, 0.5), task)


@pytest.mark.parametrize("task", list(Task))
def test_int8_goes_out_where_it_is_not_proven_worse(task: Task) -> None:
    verdict = judge(compared(task, 0.005), Promotion(), 7, ("Conv_1",))
    assert verdict.accepted
    assert verdict.agreement is not None
    assert verdict.agreement > 0.98
    assert verdict.reason.endswith(": not proven worse")
    assert (verdict.calibrated_on, verdict.excluded, verdict.images) == (7, ("Conv_1",), 300)
    assert verdict.metric == ("macro_recall" if task is Task.SINGLE else "mAP")


@pytest.mark.parametrize("task", list(Task))
def test_careless_int8_is_refused_with_the_reason(task: Task) -> None:
    verdict = judge(compared(task, 0.4), Promotion())
    assert not verdict.accepted
    assert verdict.agreement is not None
    assert verdict.agreement < 0.9
    assert "90% are needed, so fp32 goes out" in verdict.reason


def test_int8_that_agrees_and_is_proven_worse_is_refused() -> None:
    found = compared(Task.MULTI, 0)
    int8 = found.fp32.copy()
    wrong = np.flatnonzero(found.truth[:, 0])[:20]
    int8[wrong, 0] = 0.51  # the tags stay, the ranking does not
    int8[np.flatnonzero(found.truth[:, 1]), 0] = 0.49
    worse = Compared(found.fp32, int8, found.truth, np.full(4, 0.5), Task.MULTI)
    int8[wrong, 0] = 0.5
    int8[np.flatnonzero(found.truth[:, 1])[:5], 0] = 0.99
    verdict = judge(worse, Promotion())
    assert (verdict.accepted, verdict.difference is not None) == (False, True)
    assert "worse, with a probability of" in verdict.reason
    verdict = judge(worse, Promotion(minimum_map=0.999))
    assert "promotion.minimum_map is 0.9990, so fp32 goes out" in verdict.reason
