"""The section of settings on when a model of single labels says that it is unsure."""

from tagline.formats.section import Section, Share


class RejectOption(Section):
    """When an image gets no label but "unsure", where each image has exactly one label.

    The best label is given from a confidence on. It is the lowest of the validation images from
    which those that they are given are right often enough; where none is, no image is answered.
    """

    accuracy: Share = 0.95
    """The share of given labels that has to be right; 0: every image is given one."""
