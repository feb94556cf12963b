"""Which network a job trains, and the numbers that networks of all engines share."""

LARGE_SET = 20_000  # images from which a GPU's time is better spent on a larger network
CENTRE, SPREAD = 160.0, 80.0  # of pixel values: designs are mostly white
# `small`, a residual network of 1.2 million weights made for two CPU cores. Two strided steps
# before the first block take most of the cost away; finer stems were slower by a factor of 2.7 and
# no better at 64 and 96 pixels. Tiny images keep what they have.
WIDTHS = (32, 64, 128, 256)
TINY = 32  # pixels below which five halvings would leave nothing


def resolve(network: str, images: int, accelerators: int) -> str:
    """Return the network that `auto` stands for with this many training images and GPUs."""
    if network != "auto":
        return network
    return "resnet18_v1" if accelerators and images >= LARGE_SET else "small"
