"""Which network a job trains, and the numbers that networks of all engines share."""

CENTRE, SPREAD = 160.0, 80.0  # of pixel values: designs are mostly white
# `small`, a residual network of 1.2 million weights made for two CPU cores. Two strided steps
# before the first stage take most of the cost away; finer stems were slower by a factor of 2.7 and
# no better at 64 and 96 pixels. Its blocks have the same names at any size of images.
WIDTHS = (32, 64, 128, 256)
_POOLED = 48  # pixels of an image from which it is pooled
_WIDEST = 48  # pixels of what the first stage sees
_LARGE_SET = 20_000  # images from which a GPU's time is better spent on a larger network


def resolve(network: str, images: int, accelerators: int) -> str:
    """Return the network that `auto` stands for with this many training images and GPUs."""
    if network != "auto":
        return network
    return "resnet18_v1" if accelerators and images >= _LARGE_SET else "small"


def first_halvings(side: int) -> tuple[bool, int]:
    """Return whether `small` pools after its first convolution, and its stages before the first.

    The convolution halves the image; tiny images are not pooled, so that four stages still have
    something to shrink. Each stage before the first halves large images once more, so that what the
    stages see has 48 pixels a side at most: 512 pixels cost ten times as much as 96, not 28 times.
    """
    pooled = side >= _POOLED
    seen, stages = side / (4 if pooled else 2), 0
    while seen > _WIDEST:
        seen, stages = seen / 2, stages + 1
    return pooled, stages
