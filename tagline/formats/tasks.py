"""How many labels an image of a dataset has, which is what its models learn to answer."""

from enum import StrEnum


class Task(StrEnum):
    """The tasks of datasets of images; documents that name none are of several labels."""

    MULTI = "multi"
    """Any number of labels an image: a score for each, not exclusive."""
    SINGLE = "single"
    """Exactly one label an image: scores add up to 1, and the highest is the answer."""
