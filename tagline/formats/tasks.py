"""How many labels an image of a dataset has, which is what its models learn to answer."""

from enum import StrEnum
from typing import Literal


class Task(StrEnum):
    """The tasks of datasets of images; documents that name none are of several labels."""

    MULTI = "multi"
    """Any number of labels an image: a score for each, not exclusive."""
    SINGLE = "single"
    """Exactly one label an image: scores add up to 1, and the highest is the answer."""


AskedTask = Literal["auto", "multi", "single"]
"""What dataset.yaml may say; auto: single where every accepted row has exactly one 1 of several."""
TASK_SAID = {
    Task.MULTI: "multi-label: any number of labels an image",
    Task.SINGLE: "single-label: exactly one label an image",
}
"""The same for people."""
