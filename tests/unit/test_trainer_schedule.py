from itertools import pairwise

import numpy as np
import pytest

from trainer.schedule import learning_rate, positive_weights


def test_the_rate_warms_up_and_comes_down() -> None:
    rates = [learning_rate(0.1, step, 100) for step in range(100)]
    assert rates[0] == pytest.approx(0.01)
    assert max(rates) == pytest.approx(0.1)
    assert rates.index(max(rates)) in {9, 10}
    assert rates[-1] < 0.0001
    assert all(later <= earlier for earlier, later in pairwise(rates[10:]))


def test_one_step_is_enough() -> None:
    assert learning_rate(0.1, 0, 1) == pytest.approx(0.1)


def test_rare_labels_weigh_more_within_bounds() -> None:
    labels = np.zeros((1000, 4), np.uint8)
    labels[:500, 0] = 1
    labels[:100, 1] = 1
    labels[:1, 2] = 1
    np.testing.assert_allclose(positive_weights(labels), [1, 3, 10, 10])
