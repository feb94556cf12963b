"""Every image of an epoch is in exactly one process's share."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainer.team import share


@given(st.integers(1, 300), st.integers(1, 64), st.integers(1, 9), st.integers(0, 9))
def test_shares_hold_every_image_once(images: int, batch: int, size: int, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(images)
    shares = [share(order, batch, rank, size) for rank in range(size)]
    assert sorted(int(n) for parts in shares for part in parts for n in part) == list(range(images))
    for start, parts in zip(range(0, images, batch), zip(*shares, strict=True), strict=True):
        np.testing.assert_array_equal(np.concatenate(parts), order[start : start + batch])
        lengths = [len(part) for part in parts]
        assert max(lengths) - min(lengths) <= 1
    for own in shares:
        assert len({len(part) for part in own[: images // batch]}) <= 1


@given(st.integers(1, 100), st.integers(1, 40))
def test_one_process_gets_all(images: int, batch: int) -> None:
    order = np.random.default_rng(1).permutation(images)
    parts = share(order, batch, 0, 1)
    np.testing.assert_array_equal(np.concatenate(parts), order)
