"""Which tags stand for others, held against plain counting."""

import numpy as np
import pytest

from tagline.scores.confusion import confusions


def test_a_tag_that_is_given_for_another_comes_first() -> None:
    rng = np.random.default_rng(1)
    truth = (rng.random((200, 4)) < 0.3).astype(np.uint8)
    tags = truth > 0
    taken = np.flatnonzero((truth[:, 0] > 0) & (truth[:, 1] == 0))[:12]
    tags[taken, 0], tags[taken, 1] = False, True  # 1 where 0 is missing
    tags[rng.choice(200, 20, replace=False), 2] ^= True
    found = confusions(tags, truth, 3)
    assert (found.missing[0], found.wrong[0]) == (0, 1)
    for k in range(len(found.images)):
        lacking = (truth[:, found.missing[k]] > 0) & ~tags[:, found.missing[k]]
        surplus = (truth[:, found.wrong[k]] == 0) & tags[:, found.wrong[k]]
        assert found.images[k] == (lacking & surplus).sum() > 1
        assert (found.missed[k], found.given[k]) == (lacking.sum(), surplus.sum())
        assert found.expected[k] == pytest.approx(lacking.sum() * surplus.sum() / 200)
    excess = found.images - found.expected
    assert (np.diff(excess) <= 0).all()
    assert (excess >= 1).all()


def test_no_more_are_told_than_asked_for_and_none_of_one_image() -> None:
    rng = np.random.default_rng(2)
    truth = (rng.random((300, 6)) < 0.3).astype(np.uint8)
    tags = np.roll(truth, 1, axis=1) > 0
    assert len(confusions(tags, truth, 4).images) == 4
    assert not len(confusions(truth > 0, truth, 4).images)
    once = truth > 0
    once[0], truth[0] = [True, False] * 3, [0, 1] * 3
    assert not len(confusions(once, truth, 4).images)
    assert not len(confusions(np.zeros((0, 3), np.bool_), np.zeros((0, 3), np.uint8), 4).images)
