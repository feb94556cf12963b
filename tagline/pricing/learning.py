"""How dear it is to learn an image of some size, as the trainer's `small` network does it."""

_REFERENCE = 96  # pixels
_SHRUNK_FIRST = 192  # pixels above which the network halves an image once more, or twice
_SAVED = 0.5  # the share of the cost that is left then, at most


def images_of_96_pixels(size: int) -> float:
    """Return how many images of 96 pixels cost as much as one of `size` pixels a side; 1 at least.

    Measured on one thread, to 512 pixels (docs/benchmarks.md, "Image sizes").
    """
    area = (size / _REFERENCE) ** 2
    return max(1.0, area if size <= _SHRUNK_FIRST else _SAVED * area)
