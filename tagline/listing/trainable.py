"""Whether a model can be trained on and judged by so many images, as the settings ask."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from tagline.formats.models import FEWEST_IMAGES
from tagline.formats.reasons import UnusableList
from tagline.formats.settings import Settings
from tagline.formats.split import Shares, share_bounds
from tagline.formats.tasks import Task
from tagline.settings import InvalidSettings

_EACH_SIDE = 3  # images of a label, one for training, validation and test
_SHOWN = 10  # labels


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


def few_said(positives: Mapping[str, int]) -> str | None:
    """Return a sentence about labels that are on too few images to be on every side; or None.

    Of datasets whose images have exactly one label. `positives` are images by label.
    """
    few = [name for name, count in positives.items() if 0 < count < _EACH_SIDE]
    if not few:
        return None
    more = f" and {len(few) - _SHOWN} more" if len(few) > _SHOWN else ""
    has = "1 label has" if len(few) == 1 else f"{len(few):,} labels have"
    return (
        f"{has} fewer than {_EACH_SIDE} images ({', '.join(few[:_SHOWN])}{more}): one image is "
        "trained on, a second one validates, and nothing judges"
    )


def check_one_label(task: Task, positives: Mapping[str, int]) -> None:
    """Raise UnusableList where there is nothing to tell a label from; `positives` are by name."""
    if task is not Task.SINGLE:
        return
    held = [name for name, count in positives.items() if count]
    if len(held) < 2:  # noqa: PLR2004 - one and another
        which = f" ({held[0]!r} alone)" if held else ""
        raise UnusableList(
            f"the images are of {len(held)} label(s){which}: where an image has exactly one label, "
            "there have to be images of two at least"
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
