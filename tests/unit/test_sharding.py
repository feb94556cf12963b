"""Shards of 64 MiB or 500 rows at most."""

import pytest

from tagline.planning.sharding import cut, shard_name

MIB = 1 << 20


@pytest.mark.parametrize(
    ("sizes", "lengths"),
    [
        ([0] * 1001, [500, 500, 1]),
        ([32 * MIB] * 5, [2, 2, 1]),
        ([32 * MIB, 32 * MIB + 1, 1], [1, 2]),
        ([65 * MIB, 1, 64 * MIB, 1], [1, 1, 1, 1]),
    ],
)
def test_shards_are_filled_to_their_limits(sizes: list[int], lengths: list[int]) -> None:
    assert [len(part) for part in cut(sizes)] == lengths


def test_shards_are_named_in_their_order() -> None:
    assert [shard_name(number) for number in (0, 7, 12345)] == ["00000", "00007", "12345"]
