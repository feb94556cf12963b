"""A PyTorch network's tensors by the names that all engines share (`trainer.engine`)."""

from torch import Tensor, nn

_OF_NORMS = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "running_mean",
    "running_var": "running_var",
}


def tensors(network: nn.Module) -> dict[str, Tensor]:
    """Return parameters and running statistics by structured name, in the network's order."""
    found: dict[str, Tensor] = {}
    for path, module in network.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            named = {name: getattr(module, own) for own, name in _OF_NORMS.items()}
        else:
            named = dict(module.named_parameters(recurse=False))
        found.update({f"{path}.{name}": tensor for name, tensor in named.items()})
    return found


def decayed(name: str) -> bool:
    """Tell whether weight decay is for this tensor: norms and biases are not decayed."""
    return name.endswith("weight")
