"""What a model is asked of an image: which labels it has, or which one."""

from enum import StrEnum
from typing import Literal


class Task(StrEnum):
    """The tasks; documents that name none are of `multi`."""

    MULTI = "multi"
    """Any number of labels an image: each is told by itself, by a sigmoid."""
    SINGLE = "single"
    """Exactly one label an image: they exclude each other, by a softmax."""


AskedTask = Literal["auto", "multi", "single"]
"""What dataset.yaml may say; auto: single where every accepted row has exactly one 1 of several."""
TASK_SAID = {
    Task.MULTI: "multi-label: any number of labels an image",
    Task.SINGLE: "single-label: exactly one label an image",
}
"""The same for people."""
