import pytest

from tagline.formats.settings import Quality
from tagline.jobs.defaults import defaults
from trainer.contract import JobRefused
from trainer.hyperparameters import parse

ASKED = {
    "epochs": "3",
    "learning_rate": "0.004",
    "image_shape": "3,96,96",
    "num_classes": "50",
    "run": "noto-50-0123456789abcdef",
}


def test_strings_become_values() -> None:
    asked = parse(ASKED | {"loss": "asymmetric", "seed": "7"})
    assert (asked.epochs, asked.learning_rate, asked.side) == (3, 0.004, 96)
    assert (asked.loss, asked.seed) == ("asymmetric", 7)
    assert asked.num_training_samples is None


@pytest.mark.parametrize(
    ("quality", "augmentation"),
    [("fast", "crop"), ("standard", "crop"), ("thorough", "geometric")],
)
def test_the_planned_defaults_are_understood(quality: Quality, augmentation: str) -> None:
    asked = parse(ASKED | defaults(1000, 50, 96, quality))
    assert (asked.augmentation_type, asked.views) == (augmentation, 1)


@pytest.mark.parametrize(
    ("given", "loss"),
    [
        ({}, "bce"),
        ({"use_weighted_loss": "True"}, "weighted"),
        ({"use_weighted_loss": "0"}, "bce"),
        ({"use_weighted_loss": "1", "loss": "weighted"}, "weighted"),
        ({"use_weighted_loss": "0", "loss": "asymmetric"}, "asymmetric"),
    ],
)
def test_the_older_name_of_the_weighted_loss_is_read(given: dict[str, str], loss: str) -> None:
    assert parse(ASKED | given).loss == loss


def test_two_losses_are_refused() -> None:
    with pytest.raises(JobRefused, match="loss is 'bce', and use_weighted_loss asks for"):
        parse(ASKED | {"use_weighted_loss": "1", "loss": "bce"})


def test_what_the_tuner_adds_is_ignored() -> None:
    assert parse(ASKED | {"_tuning_objective_metric": "validation:mAP"}) == parse(ASKED)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("epochs", "0", r"epochs is '0'; it must be a whole number, 1 to 1000"),
        ("epochs", "2.5", r"epochs is '2.5'; it must be a whole number"),
        ("learning_rate", "nan", r"learning_rate is 'nan'; it must be a number, 1e-07 to 1"),
        ("learning_rate", "fast", r"learning_rate is 'fast'"),
        ("optimizer", "lion", r"optimizer is 'lion'; it must be one of adam, sgd, rmsprop, nag"),
        ("network", "resnet152", r"network is 'resnet152'; it must be one of auto, small"),
        ("augmentation_type", "flip", r"augmentation_type is 'flip'"),
        ("use_weighted_loss", "maybe", r"use_weighted_loss is 'maybe'; it must be 1 or 0"),
        ("loss", "focal", r"loss is 'focal'; it must be one of bce, weighted, asymmetric"),
        ("label_smoothing", "0.6", r"label_smoothing is '0.6'; it must be a number, 0 to 0.5"),
        ("dropout", "0.95", r"dropout is '0.95'; it must be a number, 0 to 0.9"),
        ("early_stopping_patience", "-1", r"early_stopping_patience is '-1'"),
        ("weight_averaging", "1", r"weight_averaging is '1'; it must be a number, 0 to 0.9999"),
        ("views", "0", r"views is '0'; it must be a whole number, 1 to 5"),
        ("image_shape", "3,96,64", r"image_shape is '3,96,64'; it must be `3,S,S`"),
        ("image_shape", "1,96,96", r"image_shape is '1,96,96'"),
        ("image_shape", "96", r"image_shape is '96'"),
        ("image_shape", "3,4096,4096", r"S from 16 to 1024"),
        ("num_classes", "-1", r"num_classes is '-1'"),
        ("seed", "", r"seed is ''"),
        (
            "momentum",
            "0.9",
            r"'momentum' is unknown; known are augmentation_type, calibration, dropout, early",
        ),
        ("side", "96", r"'side' is unknown"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(name: str, value: str, message: str) -> None:
    with pytest.raises(JobRefused, match=message):
        parse(ASKED | {name: value})


@pytest.mark.parametrize("name", ["epochs", "learning_rate", "image_shape", "num_classes"])
def test_a_missing_one_is_named(name: str) -> None:
    given = {key: value for key, value in ASKED.items() if key != name}
    with pytest.raises(JobRefused, match=f"hyperparameter {name} is missing"):
        parse(given)


def test_a_value_that_is_no_string_is_named() -> None:
    with pytest.raises(JobRefused, match="epochs: SageMaker passes strings"):
        parse({**ASKED, "epochs": 3})
