import pytest

from tagline.jobs.defaults import defaults, learning_rate


def test_everything_is_a_string() -> None:
    assert all(isinstance(value, str) for value in defaults(1000, 16, 96).values())


@pytest.mark.parametrize(
    ("images", "size", "epochs", "batch"),
    [
        (1_019, 96, "24", "32"),  # two minutes on two cores
        (1_019, 192, "10", "32"),  # four times the pixels
        (20, 96, "100", "20"),  # a batch never holds more than there is
        (98_378, 96, "10", "256"),
        (116_945, 96, "10", "256"),
    ],
)
def test_epochs_and_batch_follow_the_size(images: int, size: int, epochs: str, batch: str) -> None:
    chosen = defaults(images, 50, size)
    assert (chosen["epochs"], chosen["mini_batch_size"]) == (epochs, batch)


def test_the_rate_grows_with_the_root_of_the_batch() -> None:
    assert learning_rate("adam", 32) == "0.004"
    assert learning_rate("adam", 128) == "0.008"
    assert learning_rate("sgd", 4096) == "0.2"


def test_a_dataset_without_images_is_refused() -> None:
    with pytest.raises(ValueError, match="0 training images"):
        defaults(0, 5, 96)


def test_an_unknown_optimizer_is_refused() -> None:
    with pytest.raises(ValueError, match="known are adam, nag, rmsprop, sgd"):
        learning_rate("lion", 32)
