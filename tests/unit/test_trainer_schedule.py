from itertools import pairwise

import numpy as np
import pytest

from trainer.labels import LabelCounts
from trainer.schedule import learning_rate, positive_weights


def test_the_rate_warms_up_and_comes_down() -> None:
    rates = [learning_rate(0.1, step, 100) for step in range(100)]
    assert rates[:10] == pytest.approx([0.01 * (step + 1) for step in range(10)])
    assert rates[10] == pytest.approx(0.1)
    assert rates[40:71:15] == pytest.approx([0.075, 0.05, 0.025])  # cosine of 60, 90, 120 degrees
    assert 0 < rates[-1] < 0.0001
    assert all(later < earlier for earlier, later in pairwise(rates[10:]))


@pytest.mark.parametrize(("steps", "rates"), [(1, [0.1]), (2, [0.1, 0.1]), (3, [0.1, 0.1, 0.05])])
def test_a_few_steps_are_enough(steps: int, rates: list[float]) -> None:
    assert [learning_rate(0.1, step, steps) for step in range(steps)] == pytest.approx(rates)


def test_nothing_is_divided_by_no_images() -> None:
    labels = np.ones((3, 2), np.uint8)
    labels[:, 1] = 0
    np.testing.assert_allclose(positive_weights(LabelCounts.of(labels)), [1, np.sqrt(3)], rtol=1e-6)


def test_rare_labels_weigh_more_within_bounds() -> None:
    labels = np.zeros((1000, 4), np.uint8)
    labels[:500, 0] = 1
    labels[:100, 1] = 1
    labels[:1, 2] = 1
    np.testing.assert_allclose(positive_weights(LabelCounts.of(labels)), [1, 3, 10, 10])
