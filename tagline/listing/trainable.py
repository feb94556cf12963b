"""Whether a model can be trained on and judged by so many images, as the settings ask."""

from dataclasses import dataclass
from typing import Self

from tagline.formats.models import FEWEST_IMAGES
from tagline.formats.reasons import UnusableList
from tagline.formats.settings import Settings
from tagline.formats.split import Shares, share_bounds
from tagline.settings import InvalidSettings


@dataclass(frozen=True)
class Images:
    """The images of each side of the split, and those among them that have any label."""

    train: int
    validation: int
    test: int
    labelled_train: int
    labelled_validation: int

    @classmethod
    def at_best(cls, rows: int, labelled: int, shares: Shares) -> Self:
        """Return what a split of so many rows comes to if all their images exist and differ.

        `labelled` of them have a label. Of training images there are as many as there can be.
        """
        tested = bool(shares.test) and labelled > 2  # noqa: PLR2004 - one for each side
        fewest = share_bounds(rows, shares.held, 2 if tested else 1)[0]
        held = min(max(1, fewest), rows - 1) if rows else 0
        test = max(1, share_bounds(held, shares.test / shares.held)[0]) if tested else 0
        return cls(
            train=rows - held,
            validation=held - test,
            test=test,
            labelled_train=min(labelled, 1),
            labelled_validation=max(labelled - 1, 0),
        )


def split_said(
    test: int, validation: int, shares: Shares, *, least: int | None = None
) -> str | None:
    """Return a sentence about a split that is too small to judge by; None if all is well.

    Before a run has planned it, and near-copies are put on one side, the numbers are about right,
    and the test images may be as few as `least`.
    """
    about = "" if least is None else "about "
    if not shares.test or (test if least is None else least) >= FEWEST_IMAGES:
        return None
    if not test:
        return (
            "there are no test images, for which three images with a label are needed at least: "
            f"the model is judged on the {about}{validation:,} validation image(s) that its epoch "
            "is chosen by, which flatters it"
        )
    fewer = f" ({least:,} may be left)" if least is not None and least < test else ""
    return (
        f"only {about}{test:,} test image(s){fewer}, which give no more than a rough idea of how "
        f"good a model is: add images until they are {FEWEST_IMAGES} or more, or raise split.test "
        "in dataset.yaml"
    )


def check_trainable(images: Images, settings: Settings) -> None:
    """Raise UnusableList or InvalidSettings where no model can come of it."""
    there_are = images.train + images.validation + images.test
    if there_are < 2:  # noqa: PLR2004 - one for each side
        raise UnusableList(
            f"{there_are} usable row(s); a split needs at least 2 different images: one to train "
            "on, one to validate"
        )
    if not images.train or not images.validation:
        side = "validation" if images.train else "training"
        raise UnusableList(
            f"No image is left for {side}: add rows, or change split.validation in dataset.yaml"
        )
    if not images.labelled_train:
        raise UnusableList("no training image has any label: there is nothing to learn")
    if not images.labelled_validation:
        raise UnusableList(
            "no validation image has any label: no model could be judged; a label on two images "
            "at least is on both sides"
        )
    batch, setting = settings.training.mini_batch_size, "training.mini_batch_size"
    if settings.tuning is not None and settings.tuning.ranges.mini_batch_size is not None:
        batch, setting = settings.tuning.ranges.mini_batch_size[1], "tuning.ranges.mini_batch_size"
    if batch is not None and batch > images.train:
        raise InvalidSettings(
            f"{setting} reaches {batch} but there are {images.train} training images: "
            f"set at most {images.train} in dataset.yaml, or add images",
            setting,
        )
