import pytest

from trainer.networks import first_halvings


@pytest.mark.parametrize(
    ("side", "pooled", "stages"),
    [
        (16, False, 0),
        (32, False, 0),
        (47, False, 0),
        (48, True, 0),
        (96, True, 0),
        (192, True, 0),
        (193, True, 1),
        (384, True, 1),
        (512, True, 2),
        (1024, True, 3),
    ],
)
def test_larger_images_are_halved_more_often(side: int, pooled: bool, stages: int) -> None:
    assert first_halvings(side) == (pooled, stages)


def test_the_stages_see_neither_nothing_nor_too_much() -> None:
    """Three of four stages halve what they see."""
    for side in range(16, 1025):
        pooled, stages = first_halvings(side)
        assert 8 <= side / (4 if pooled else 2) / 2**stages <= 48
