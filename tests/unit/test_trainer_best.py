"""Which epoch of a training is kept."""

import math

import pytest

from trainer.checkpoint import BestEpoch
from trainer.fit import Best, kept

NAN = math.nan


@pytest.mark.parametrize(
    ("reached", "epoch", "since"),
    [
        ([0.1, 0.3, 0.2], 2, 2),
        ([1.0, 1.0, 1.0], 3, 1),
        ([0.1, 0.5, 0.4, 0.5, 0.3], 4, 2),
        ([0.5, 0.5, 0.6, 0.6], 4, 3),
        ([NAN, NAN, NAN], 3, 3),
        ([NAN, 0.2, 0.1], 2, 2),
    ],
)
def test_of_epochs_that_do_equally_well_the_last_is_kept(
    reached: list[float], epoch: int, since: int
) -> None:
    """Early stopping counts from the first of them."""
    best: Best | None = None
    for at, value in enumerate(reached, 1):
        best = kept(best, BestEpoch(at, 0.1, value, value, since=at), {})
    assert best
    assert (best.numbers.epoch, best.numbers.since) == (epoch, since)


def test_a_checkpoint_of_an_earlier_version_knows_no_first_of_equals() -> None:
    older = Best(BestEpoch(2, 0.1, 0.5, 0.5), {})
    assert kept(older, BestEpoch(3, 0.1, 0.5, 0.5), {}).numbers.since == 2
