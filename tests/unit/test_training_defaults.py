import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagline.jobs.defaults import defaults, learning_rate


def test_everything_is_a_string() -> None:
    assert all(isinstance(value, str) for value in defaults(1000, 16, 96).values())


def test_a_dataset_of_a_thousand_designs() -> None:
    assert defaults(1000, 16, 96) == {
        "network": "auto",
        "epochs": "24",
        "mini_batch_size": "32",
        "optimizer": "adam",
        "learning_rate": "0.004",
        "weight_decay": "0.0001",
        "augmentation_type": "crop",
        "loss": "bce",
        "label_smoothing": "0",
        "dropout": "0",
        "early_stopping_patience": "0",
        "weight_averaging": "0",
        "views": "1",
    }


def test_features_that_are_learned_are_not_learned_by_heart() -> None:
    """But for a fast training, which has no time for that."""
    known = {"augmentation_type": "geometric", "dropout": "0.3"}
    standard = defaults(1000, 16, 96)
    assert defaults(1000, 16, 96, starts=True) == standard | known
    fast = defaults(1000, 16, 96, "fast")
    assert defaults(1000, 16, 96, "fast", starts=True) == fast


def test_thorough_changes_more_than_the_epochs() -> None:
    standard, thorough = defaults(1000, 16, 96), defaults(1000, 16, 96, "thorough")
    assert {name: value for name, value in thorough.items() if value != standard[name]} == {
        "epochs": "96",
        "augmentation_type": "geometric",
        "weight_averaging": "0.998",
    }


@given(st.integers(1, 200_000), st.integers(16, 1024))
def test_fast_sees_a_quarter_of_the_images_at_most_and_thorough_four_times_as_many(
    images: int, size: int
) -> None:
    fast, standard, thorough = (
        int(defaults(images, 50, size, quality)["epochs"])
        for quality in ("fast", "standard", "thorough")
    )
    assert 1 <= fast <= standard / 4
    assert thorough == 4 * standard
    assert thorough <= 1000


@pytest.mark.parametrize(
    ("images", "size", "epochs", "batch"),
    [
        (1, 1, "100", "1"),
        (1_000, 48, "24", "32"),  # smaller images do not mean more epochs
        (1_000, 120, "16", "32"),  # 15.36 of them in two minutes
        (100, 192, "60", "32"),
        (9_999, 96, "10", "32"),
        (10_000, 96, "10", "64"),
        (49_999, 96, "10", "64"),
        (50_000, 96, "10", "256"),
        (1_019, 96, "24", "32"),  # two minutes on two cores
        (1_019, 192, "10", "32"),  # four times the pixels
        (240, 192, "25", "32"),
        (240, 224, "37", "32"),  # of which the network sees fewer than of 192
        (240, 512, "10", "32"),
        (20, 96, "100", "20"),  # a batch never holds more than there is
        (98_378, 96, "10", "256"),
        (116_945, 96, "10", "256"),
    ],
)
def test_epochs_and_batch_follow_the_size(images: int, size: int, epochs: str, batch: str) -> None:
    chosen = defaults(images, 50, size)
    assert (chosen["epochs"], chosen["mini_batch_size"]) == (epochs, batch)


@pytest.mark.parametrize(
    ("optimizer", "batch", "rate"),
    [
        ("adam", 32, "0.004"),
        ("adam", 128, "0.008"),
        ("rmsprop", 8, "0.0005"),
        ("sgd", 32, "0.05"),
        ("nag", 32, "0.05"),
        ("nag", 511, "0.199805"),
        ("sgd", 512, "0.2"),
        ("sgd", 4096, "0.2"),
        ("adam", 1, "0.000707107"),
    ],
)
def test_the_rate_grows_with_the_root_of_the_batch(optimizer: str, batch: int, rate: str) -> None:
    assert learning_rate(optimizer, batch) == rate


@pytest.mark.parametrize("nothing", [(0, 5, 96), (5, 0, 96), (5, 5, 0)])
def test_a_dataset_of_nothing_is_refused(nothing: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="each must be at least 1"):
        defaults(*nothing)


def test_an_unknown_optimizer_is_refused() -> None:
    with pytest.raises(ValueError, match="known are adam, nag, rmsprop, sgd"):
        learning_rate("lion", 32)
