"""Which network a job trains."""

_LARGE_SET = 20_000  # images from which a GPU's time is better spent on a larger network


def resolve(network: str, images: int, accelerators: int) -> str:
    """Return the network that `auto` stands for with this many training images and GPUs."""
    if network != "auto":
        return network
    return "resnet18_v1" if accelerators and images >= _LARGE_SET else "small"
