"""What to train with when nobody says: a pure rule from the size of a dataset and the quality.

The numbers come from trials on CPU cores with the trainer's `small` network (docs/benchmarks.md,
"Models"): at 96 pixels it learns about 450 images a second. By the standard a small dataset gets as
many epochs as two minutes allow; a large one is worth at least ten, on whatever it then runs. fast
sees a quarter of those images, thorough four times as many, which only pays with stronger
augmentation. A larger batch keeps a GPU busy, and its learning rate grows with the batch's square
root, as Adam's noise shrinks with it.
"""

import math

from tagline.formats.settings import Quality
from tagline.pricing.learning import images_of_96_pixels

_IMAGES_SEEN = 24_000  # over all epochs, by the standard
_FEWEST_EPOCHS, _MOST_EPOCHS = 10, 100
_THOROUGH, _FAST = 4, 4  # times the standard's epochs, and a fraction of them
_REFERENCE_BATCH = 32
_BATCHES = ((50_000, 256), (10_000, 64))  # training images from which a batch size pays
_LEARNING_RATE = {"adam": 0.004, "rmsprop": 0.001, "sgd": 0.05, "nag": 0.05}  # per batch of 32
_LARGEST_RATE = 0.2
_AVERAGING = 0.998  # of weights, a step
_DROPOUT = "0.3"
STARTER_BELOW = 20_000  # training images below which `auto` starts from the starter


def defaults(
    train_images: int,
    labels: int,
    image_size: int,
    quality: Quality = "standard",
    *,
    starts: bool = False,
) -> dict[str, str]:
    """Return hyperparameters, as SageMaker's strings, for a dataset of this many images.

    `image_size` is the side in pixels. `starts` says that training starts from learned features,
    with which all but a fast one would know its images by heart before its end. Raises ValueError
    for a dataset nothing can be learned from.
    """
    if min(train_images, labels, image_size) < 1:
        raise ValueError(
            f"{train_images} training images, {labels} labels and {image_size} pixels: "
            "each must be at least 1"
        )
    batch = next((size for least, size in _BATCHES if train_images >= least), _REFERENCE_BATCH)
    batch = min(batch, train_images)
    thorough = quality == "thorough"
    by_heart = starts and quality != "fast"
    return {
        "network": "auto",
        "epochs": str(_epochs(train_images, image_size, quality)),
        "mini_batch_size": str(batch),
        "optimizer": "adam",
        "learning_rate": learning_rate("adam", batch),
        "weight_decay": "0.0001",
        "augmentation_type": "geometric" if thorough or by_heart else "crop",
        "loss": "bce",
        "label_smoothing": "0",
        "dropout": _DROPOUT if by_heart else "0",
        "early_stopping_patience": "0",
        "weight_averaging": f"{_AVERAGING:g}" if thorough else "0",
        "views": "1",
    }


def _epochs(train_images: int, image_size: int, quality: Quality) -> int:
    wanted = math.ceil(_IMAGES_SEEN / (train_images * images_of_96_pixels(image_size)))
    standard = min(_MOST_EPOCHS, max(_FEWEST_EPOCHS, wanted))
    if quality == "fast":
        return standard // _FAST
    return standard * (_THOROUGH if quality == "thorough" else 1)


def learning_rate(optimizer: str, batch: int) -> str:
    """Return the peak learning rate that suits an optimizer and a batch size, as a string.

    Raises ValueError for an optimizer the trainer does not have.
    """
    if optimizer not in _LEARNING_RATE:
        raise ValueError(f"optimizer {optimizer!r}: known are {', '.join(sorted(_LEARNING_RATE))}")
    rate = _LEARNING_RATE[optimizer] * math.sqrt(batch / _REFERENCE_BATCH)
    return f"{min(_LARGEST_RATE, rate):.6g}"
